#!/bin/sh
# After show-log.sh. Shows the log of a deploy again: $1 state directory, $2 id, $3 the first byte wanted (from 1).
[ -f "$1/deploys/$2/log" ] || { echo "@nix-deploy $2 refused there is no deploy $2 on this machine"; exit 3; }
show_log "$2" "$1/deploys/$2" "$3"
