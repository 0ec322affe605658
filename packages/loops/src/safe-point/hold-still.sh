#!/bin/sh
# Stops the processes that each line of input names, answers with an empty line, and lets all of them go on when its input
# ends or it is told to end: its caller has let go then, or is gone. Should this shell be killed, they go on after $1 seconds.
seconds=$1 held='' timers=''
let_go() {
  trap '' HUP INT PIPE TERM
  for timer in $timers; do kill -s KILL -- "-$timer" || kill -s KILL "$timer"; done
  # shellcheck disable=SC2086 # a word a process
  [ -z "$held" ] || kill -s CONT $held
}
exec 2> /dev/null
trap let_go EXIT
trap 'exit 0' HUP INT PIPE TERM
while read -r pids; do
  if [ -n "$pids" ]; then
    # shellcheck disable=SC2086
    setsid sh -c 'sleep "$1"; shift; kill -s CONT "$@"' thaw "$seconds" $pids < /dev/null > /dev/null &
    timers="$timers $!" held="$held $pids"
    # shellcheck disable=SC2086
    kill -s STOP $pids
  fi
  echo
done
