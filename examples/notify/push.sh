#!/bin/sh
# Tells a phone: posts what a hook of `cutover` gets on standard input to a topic of ntfy, or to anything like it.
# In cutover.yaml:
#   notify:
#     - on: [gate.opened, gate.waiting, failed, done]
#       command: [./notify/push.sh, https://ntfy.sh/a-topic-that-only-you-know]
set -eu
told=$(cat)
event=$(printf '%s' "$told" | jq -r .event)
text=$(printf '%s' "$told" | jq -r '[.runbook, .step, .text, .result] | map(select(. != null)) | join(": ")')
case $event in gate.*) priority=high ;; failed) priority=urgent ;; *) priority=default ;; esac
printf '%s' "$text" |
  curl --fail --silent --show-error --max-time 20 \
    --header "Title: cutover: $event" --header "Priority: $priority" --data-binary @- "$1" > /dev/null
