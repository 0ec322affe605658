#!/bin/sh
# Sends a mail: hands what a hook of `cutover` gets on standard input to sendmail (or to what SENDMAIL names).
# In cutover.yaml:
#   notify:
#     - on: [gate.opened, failed]
#       command: [./notify/mail.sh, ada@example.org]
set -eu
told=$(cat)
{
  printf '%s' "$told" | jq -r '"Subject: cutover: \(.event) \(.step // "")"'
  printf 'To: %s\nContent-Type: text/plain; charset=utf-8\n\n' "$1"
  printf '%s' "$told" | jq .
} | "${SENDMAIL:-sendmail}" "$1"
