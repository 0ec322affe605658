#!/bin/sh
# Prints what runs in the scopes and services of a rig, whichever manager made them: `process: PID COMMAND`, one a line.
# The control groups of processes say it, so it needs root, and no systemd that answers.
#   $1 the rig
for file in /proc/[0-9]*/cgroup; do
  grep -qE "/loops-(tmux-)?$1(-[^/]*\.scope|\.service)(/|\$)" "$file" 2>/dev/null || continue
  pid=${file#/proc/}
  pid=${pid%/cgroup}
  # The name of another rig may begin with this one's; its agents say which they are of.
  named=$(tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep '^LOOPS_RIG=')
  [ "${named:-LOOPS_RIG=$1}" = "LOOPS_RIG=$1" ] || continue
  command=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) || continue
  [ -z "$command" ] || printf 'process: %s %.200s\n' "$pid" "${command% }"
done
:
