# shellcheck shell=sh
# One small shell per connection, on the host, that can signal what runs there. sshd itself refuses signals from root
# (before 9.8: "session signalling requires privilege separation"), and leaves commands running when a connection
# goes away; the guardian sees end of file then, and ends those that were running.
#
# Its lines of input: `+ GROUP START` a command has started, `- GROUP` it has ended, `SIGNAL GROUP`, and `?`. It answers
# the last two with an empty line. START is field 22 of /proc/PID/stat, counted from behind the name, which may contain anything.
trap '' HUP INT PIPE TERM
# Whether the number of the leader $1, which started at $2, is another process's by now.
reused() {
  stat=
  read -r stat 2>/dev/null < "/proc/$1/stat" || return 1
  # shellcheck disable=SC2086 # the fields are words
  set -- "$2" ${stat##*) }
  [ -n "$1" ] && [ "$1" != "${21-}" ]
}
# send SIGNAL GROUP START
send() {
  reused "$2" "$3" || kill -s "$1" -- "-$2" 2>/dev/null || kill -s "$1" "$2" 2>/dev/null
}
# Those that run, as GROUP:START, and those that have ended and left others of their group running.
running='' left=''
while read -r word group start; do
  case $word in
    +) running="$running $group:$start" ;;
    -) kept=''
       for known in $running; do
         if [ "${known%%:*}" != "$group" ]; then kept="$kept $known"
         elif kill -s 0 -- "-$group" 2>/dev/null; then left="$left $known"
         fi
       done
       running=$kept ;;
    \?) echo ;;
    *) for known in $running $left; do
         [ "${known%%:*}" != "$group" ] || send "$word" "$group" "${known#*:}"
       done
       echo ;;
  esac
done
for signal in TERM KILL; do
  for known in $running; do send "$signal" "${known%%:*}" "${known#*:}"; done
  [ -z "$running" ] || [ "$signal" = KILL ] || sleep 5
done
