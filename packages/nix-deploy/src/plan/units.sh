#!/bin/sh
# $1 a system. A line for each unit: hash, policy, name.
cd "$1/etc/systemd/system" 2> /dev/null || exit 0
for unit in *; do
  [ -f "$unit" ] || continue
  policy=restart
  grep -qx 'X-ReloadIfChanged=true' "$unit" && policy=reload
  grep -qxE 'X-RestartIfChanged=false|RefuseManualStop=(true|yes)' "$unit" && policy=leave
  case $unit in *.target | *.slice) policy=leave ;; esac
  printf '%s %s %s\n' "$(cat "$unit" "$unit".d/*.conf 2> /dev/null | sha256sum | cut -d ' ' -f 1)" "$policy" "$unit"
done
