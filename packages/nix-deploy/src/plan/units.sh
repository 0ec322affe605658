#!/bin/sh
# $1 a system, $2 `active` for what runs here as well. Tab-separated lines, those of a user after `for USER`:
# `active NAME`, and `unit NAME POLICY TRIGGERS ESSENCE`, the last being the text that makes a unit restart when it differs: some
# keys of [Unit] say nothing about what runs; `mount PLACE DEVICE TYPE OPTIONS` and `swap DEVICE` of its fstab. One process
# reads all units: a system has hundreds.
system=$1 active=$2
active_units() {
  systemctl "$@" list-units --state=active,activating --plain --no-legend --no-pager 2> /dev/null |
    while read -r unit _; do printf 'active\t%s\n' "$unit"; done
}
units_in() (
  cd "$system/etc/systemd/$1" 2> /dev/null || exit 0
  set --
  for file in * *.d/*.conf; do
    [ ! -f "$file" ] || set -- "$@" "./$file"
  done
  [ "$#" -gt 0 ] || exit 0
  exec awk '
    FNR == 1 { name = FILENAME; sub(/^\.\//, "", name); sub(/\.d\/.*$/, "", name); section = ""; seen[name] = 1 }
    /^\[/ { section = $0 }
    /^X-ReloadIfChanged=(true|yes|1)$/ { reload[name] = 1 }
    /^(X-RestartIfChanged=(false|no|0)|(RefuseManualStop|X-OnlyManualStart)=(true|yes|1))$/ { leave[name] = 1 }
    /^X-StopIfChanged=(false|no|0)$/ { restart[name] = 1 }
    /^X-StopOnRemoval=(false|no|0)$/ { stays[name] = ",stays" }
    section == "[Unit]" && /^X-Reload-Triggers=/ { triggers[name] = triggers[name] $0 " "; next }
    section == "[Unit]" && /^(Description|Documentation|OnFailure|OnSuccess|OnFailureJobMode|IgnoreOnIsolate|StopWhenUnneeded|RefuseManualStart|RefuseManualStop|AllowIsolation|CollectMode|SourcePath)=/ { next }
    { gsub(/\t/, " "); essence[name] = essence[name] $0 "\001" }
    END {
      for (name in seen) {
        socket = name
        sub(/\.[a-z]+$/, ".socket", socket)
        policy = "restart"
        if (name ~ /\.(target|slice|socket)$/) policy = "leave"
        else if (name in reload) policy = "reload"
        else if (name in leave) policy = "leave"
        else if (socket in seen && name ~ /\.service$/ && !(name in restart)) policy = "socket"
        printf "unit\t%s\t%s%s\t%s\t%s\n", name, policy, stays[name], triggers[name], essence[name]
      }
    }' "$@"
)
[ "$active" != active ] || active_units --system
units_in system
[ ! -r "$system/etc/fstab" ] || awk '
  /^[ \t]*#/ || NF < 3 { next }
  $3 == "swap" { printf "swap\t%s\n", $1; next }
  { printf "mount\t%s\t%s\t%s\t%s\n", $2, $1, $3, $4 }' "$system/etc/fstab"
# The units that are declared for all users, and the users whose manager runs.
printf 'for\t\n'
units_in user
[ "$active" = active ] || exit 0
for manager in /run/user/*/systemd/private; do
  [ -e "$manager" ] || continue
  user=${manager#/run/user/}
  name=$(id -nu "${user%%/*}" 2> /dev/null) || continue
  printf 'for\t%s\n' "$name"
  # Root may ask each of them; another user none but its own.
  active_units --user --machine="$name@.host"
done
