# shellcheck shell=sh
# signal-group SIGNAL GROUP START: signals a process group unless its leader's number is another process's by now.
stat=
if read -r stat 2>/dev/null < "/proc/$2/stat"; then
  # shellcheck disable=SC2086 # the fields are words
  set -- "$1" "$2" "$3" ${stat##*) }
  if [ -n "$3" ] && [ "$3" != "${23-}" ]; then exit 0; fi
fi
kill -s "$1" -- "-$2" 2>/dev/null || kill -s "$1" "$2" 2>/dev/null || :
