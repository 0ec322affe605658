#!/bin/sh
# Arms the systemd timer that ends a rig's loops when its lease runs out. Runs as root, for one connection to
# loops-lease-RIG.socket. Standard input: the seconds from now, one line.
#   $1 the rig   $2 the unit of its tmux server
set -u
read -r seconds || exit 1
case $seconds in
  "" | *[!0-9]* | ???????*)
    echo "refused: not a number of seconds"
    exit 1
    ;;
esac
name=loops-lease-end-$1-$(date +%s%N)
at=$(date -u -d "+$seconds seconds" '+%Y-%m-%d %H:%M:%S UTC')
# By the wall clock too: the other one stands still while the machine is suspended.
# shellcheck disable=SC2016
systemd-run --quiet --collect --unit="$name" --setenv=PATH="$PATH" --timer-property=AccuracySec=100ms \
  --on-active="$seconds" --on-calendar="$at" \
  sh -c 'systemctl stop --no-block "$2"; systemctl kill --signal=KILL "$2"; systemctl kill --signal=KILL "loops-$1-*.scope"; true' \
  sh "$1" "$2" || {
  echo "refused: systemd-run ended with $?"
  exit 1
}
systemctl list-units --all --plain --no-legend "loops-lease-end-$1-*.timer" | while read -r timer _; do
  [ "$timer" = "$name.timer" ] || systemctl stop "$timer"
done
systemctl is-active --quiet "$2" || systemctl start --no-block "$2"
echo armed
