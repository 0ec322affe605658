#!/bin/sh
# Keeps the newest output of a loop, which tmux pipes in here, in two files, LOG and LOG.1, each of at most HALF bytes.
# `head -c` never reads beyond its count from a pipe, so no byte is lost in between; `stdbuf` writes each at once.
#
# $1 LOG, $2 HALF
log=$1 half=$2
umask 077
while :; do
  size=0
  [ ! -s "$log" ] || size=$(stat -c %s "$log")
  left=$((half - size))
  if [ "$left" -gt 0 ]; then
    stdbuf -o0 head -c "$left" >>"$log"
    [ "$(stat -c %s "$log")" -ge "$half" ] || exit 0
  fi
  mv -f "$log" "$log.1"
done
