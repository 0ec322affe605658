#!/bin/sh
# The pre-push hook of a rig's clones: refuses pushes while this host does not own the rig, by its own record of the
# lease. It stops mistakes; what holds is the forge, which revokes this host's key.
#   $1 the lease file   $2 the hook that was there before   then what git gives
lease=$1 before=$2
shift 2
refuse() {
  echo "loops: this host does not own the rig ($1), so nothing is pushed; see: loops ownership check" >&2
  exit 1
}
read -r kill_at _ state boot 2>/dev/null <"$lease" || refuse 'it has no lease'
read -r up _ </proc/uptime
read -r now </proc/sys/kernel/random/boot_id
read -r stat </proc/1/stat
# Field 22, counted after the name, which may hold anything.
# shellcheck disable=SC2086
set -- ${stat##*) } -- "$@"
now=$now/${20}
while [ "$1" != -- ]; do shift; done
shift
[ "$boot" = "$now" ] || refuse 'the machine was booted since'
[ "$state" = held ] || refuse 'another host has the loops'
[ "${up%.*}" -lt "$kill_at" ] || refuse 'its lease has run out'
if [ -x "$before" ]; then exec "$before" "$@"; fi
