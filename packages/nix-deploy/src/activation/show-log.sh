#!/bin/sh
# show_log ID FOLDER FIRST: shows the log of a deploy from byte FIRST on, while a process of its unit lives: the supervisor,
# or the one that cleans up after it was killed. It may end before the log does; then it is called again.
show_log() {
  unit=nix-deploy-$1.service folder=$2 first=$3
  pid=
  # The first process of its control group, where that can be read: to ask systemd takes ten times as long.
  group=/sys/fs/cgroup/system.slice/$unit/cgroup.procs
  [ ! -r "$group" ] || read -r pid < "$group"
  if [ "${pid:-0}" = 0 ]; then
    pid=
    for one in $(systemctl show --property MainPID --property ControlPID --value "$unit" 2> /dev/null); do
      [ "$one" = 0 ] || pid=${pid:-$one}
    done
  fi
  if [ -n "$pid" ]; then exec tail -s 0.2 --pid="$pid" -c "+$first" -f "$folder/log"; fi
  case $(systemctl show --property ActiveState --value "$unit" 2> /dev/null) in
    active | activating | deactivating) sleep 0.1; exec tail -c "+$first" "$folder/log" ;;
  esac
  tail -c "+$first" "$folder/log"
  # The log may lack its end, where the disk was full.
  outcome=
  [ ! -r "$folder/outcome" ] || read -r outcome < "$folder/outcome"
  case $outcome in
    '') printf '\n@nix-deploy %s gone\n' "$1" ;;
    *) printf '\n@nix-deploy %s finished %s\n' "$1" "$outcome" ;;
  esac
}
