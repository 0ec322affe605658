#!/bin/sh
# $1 a system, $2 `active` for the units that run here as well. Lines of `active NAME`, and of tab-separated
# `unit NAME POLICY TRIGGERS ESSENCE`, the last being the text that makes a unit restart when it differs: some keys of [Unit]
# say nothing about what runs. One process reads all of them: a system has hundreds.
[ "$2" != active ] || systemctl list-units --state=active,activating --plain --no-legend --no-pager 2> /dev/null |
  while read -r active _; do printf 'active %s\n' "$active"; done
cd "$1/etc/systemd/system" 2> /dev/null || exit 0
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
