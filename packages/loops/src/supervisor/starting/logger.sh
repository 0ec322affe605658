#!/bin/sh
# Keeps the newest output of a loop, which tmux pipes in here, in two files, LOG and LOG.1, each of at most HALF bytes.
# `head -c` never reads beyond its count from a pipe, so no byte is lost in between; `stdbuf` writes each at once.
# While LOG cannot be written, on a full disk for example, the output is dropped, TROUBLE is there, and it tries again
# each second: the agent never waits for its log.
#
# $1 LOG, $2 HALF, $3 TROUBLE
log=$1 half=$2 trouble=$3
umask 077

# Ends the logger when there is no more output.
drop() {
  : >"$trouble"
  mkdir -p "${log%/*}"
  timeout 1 cat >/dev/null
  [ $? -eq 124 ] || exit 0
}

rm -f "$trouble"
while :; do
  size=0
  [ ! -s "$log" ] || size=$(stat -c %s "$log")
  left=$((half - size))
  if [ "$left" -gt 0 ]; then
    if ! { stdbuf -o0 head -c "$left" >>"$log"; } 2>/dev/null; then
      drop
      continue
    fi
    rm -f "$trouble"
    # A log that was removed is made again.
    [ -e "$log" ] || continue
    now=$(stat -c %s "$log")
    if [ "$now" -lt "$half" ]; then
      # The output ends when nothing more came; else another program may have emptied the log meanwhile.
      [ "$now" -ne "$size" ] || exit 0
      continue
    fi
  fi
  mv -f "$log" "$log.1" || drop
done 2>/dev/null
