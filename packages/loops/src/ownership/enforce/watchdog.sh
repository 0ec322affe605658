#!/bin/sh
# Kills what a rig runs when its lease has run out, whatever has become of its supervisor. One of these runs for each
# lease file; it ends when the file is gone.
#   $1 the lease file   $2 the socket of the rig's tmux server   $3 this boot
set -u
exec 9>>"$1.lock"
flock -n 9 || exit 0
echo "$$" >"$1.pid"

# All that bears the name of the lease in its environment, and the server that holds the terminals.
rig_processes() {
  grep -lzxF "LOOPS_LEASE_FILE=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
  timeout 2 tmux -N -S "$2" display-message -p '#{pid}' 2>/dev/null
}

while read -r kill_at _ _ boot 2>/dev/null <"$1"; do
  read -r up _ </proc/uptime
  if [ "$boot" = "$3" ] && [ "${up%.*}" -ge "$kill_at" ]; then
    for pid in $(rig_processes "$1" "$2"); do kill -KILL "$pid" 2>/dev/null; done
  fi
  sleep 1 9>&-
done
