# shellcheck shell=sh
# One small shell per connection, on the host, that can signal what runs there. sshd itself refuses signals from root
# (before 9.8: "session signalling requires privilege separation"), and leaves commands running when a connection
# goes away; the guardian sees end of file then, and ends those that were running.
#
# Its lines of input: `+ GROUP` a command has started, `- GROUP` it has ended, `SIGNAL GROUP`. It answers the last
# with an empty line. A group is told from a later one of the same number by its leader's start time (field 22 of
# /proc/PID/stat, counted from behind the name, which may contain anything).
trap '' HUP INT PIPE TERM
started() {
  stat=
  read -r stat 2>/dev/null < "/proc/$1/stat" || return 1
  # shellcheck disable=SC2086 # the fields are words
  set -- ${stat##*) }
  start=${20-}
}
groups=
while read -r word group; do
  case $word in
    +) start=; started "$group" && groups="$groups $group:$start" ;;
    -) kept=
       for known in $groups; do [ "${known%:*}" = "$group" ] || kept="$kept $known"; done
       groups=$kept ;;
    *) kill -s "$word" -- "-$group" 2>/dev/null || kill -s "$word" "$group" 2>/dev/null
       echo ;;
  esac
done
for signal in TERM KILL; do
  for known in $groups; do
    start=; started "${known%:*}"
    if [ -z "$start" ] || [ "$start" = "${known##*:}" ]; then kill -s "$signal" -- "-${known%:*}" 2>/dev/null; fi
  done
  [ -z "$groups" ] || [ "$signal" = KILL ] || sleep 2
done
