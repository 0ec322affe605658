#!/bin/sh
# Arms the systemd timer that ends a rig's loops when its lease runs out. Runs as root, for one connection to
# loops-lease-RIG.socket. Standard input: when, in whole seconds of /proc/uptime, one line.
#   $1 the rig   $2 the unit of its tmux server
set -u
read -r kill_at || exit 1
case $kill_at in
  "" | *[!0-9]* | ???????????*)
    echo "refused: not a moment in seconds"
    exit 1
    ;;
esac
# What the timer runs. It holds no name in braces, which systemd would expand. An agent is known by its environment, or by its
# scope, which the manager of the rig's user may have made; the name of another rig may begin with this one's.
# shellcheck disable=SC2016
end='systemctl stop --no-block "$2"
systemctl kill --signal=KILL "$2"
for round in 1 2 3; do
  for pid in $(grep -lzxF "LOOPS_RIG=$1" /proc/[0-9]*/environ | cut -d/ -f3); do
    kill -KILL "$pid"
  done
  for pid in $(grep -lE "/loops-$1-[^/]*[.]scope(/|$)" /proc/[0-9]*/cgroup | cut -d/ -f3); do
    grep -qz ^LOOPS_RIG= "/proc/$pid/environ" || kill -KILL "$pid"
  done
done 2>/dev/null
true'
# The connection may have waited for a while, so what is left is counted here.
now=$(cut -d. -f1 /proc/uptime)
seconds=$((kill_at - now))
[ "$seconds" -ge 1 ] || seconds=1
# Numbered by a clock that is not set: of two that arm at once, neither stops what the later one has armed.
number=$(cut -d" " -f1 /proc/uptime | tr -d .)
name=loops-lease-end-$1.$number-$$
at=$(date -u -d "+$seconds seconds" '+%Y-%m-%d %H:%M:%S UTC')
# By the wall clock too: the other one stands still while the machine is suspended.
systemd-run --quiet --collect --unit="$name" --description="end of the lease of the loops of $1" \
  --setenv=PATH="$PATH" --timer-property=AccuracySec=100ms --on-active="$seconds" --on-calendar="$at" \
  sh -c "$end" sh "$1" "$2" || {
  echo "refused: systemd-run ended with $?"
  exit 1
}
systemctl list-units --all --plain --no-legend "loops-lease-end-$1.*.timer" | while read -r timer _; do
  other=$(echo "$timer" | cut -d. -f2 | cut -d- -f1)
  [ "$other" -ge "$number" ] || systemctl stop "$timer"
done
systemctl is-active --quiet "$2" || systemctl start --no-block "$2"
echo armed
