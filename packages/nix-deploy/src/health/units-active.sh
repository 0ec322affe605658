#!/bin/sh
# Units as arguments. `systemctl is-active` passes when any unit is active; here all must be.
bad=
for unit in "$@"; do
  state=$(systemctl is-active "$unit") || bad="$bad$unit is $state, "
done
[ -z "$bad" ] || { echo "${bad%, }" >&2; exit 1; }
