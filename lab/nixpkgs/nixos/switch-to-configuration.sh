#!/bin/bash
# Moves the running machine to this closure, with the words, order and exit codes of NixOS' own command.
# shellcheck disable=SC2086 # lists of units are split into words
toplevel=@out@
action=$1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

case $action in
  switch | boot | test | dry-activate) ;;
  *) echo "Usage: $0 [switch|boot|test|dry-activate]" >&2; exit 1 ;;
esac

mkdir -p /run/nixos
exec 9> /run/nixos/switch-to-configuration.lock
if ! flock --nonblock 9; then
  echo "Could not acquire lock" >&2
  exit 11
fi

if [ "$action" = switch ] || [ "$action" = boot ]; then
  # What the boot loader would start next; the image's nixos-boot reads it.
  # As with the real ones, what is there already is not written again.
  if [ "$NIXOS_NO_BOOTLOADER" != 1 ] && [ "$(cat /boot/nixos/default 2> /dev/null)" != "$toplevel" ]; then
    if ! { mkdir -p /boot/nixos && printf '%s' "$toplevel" > /boot/nixos/default.new && mv /boot/nixos/default.new /boot/nixos/default; }; then
      echo "Failed to install bootloader" >&2
      exit 1
    fi
  fi
  if [ "$action" = boot ]; then exit 0; fi
fi

if [ ! -d /run/systemd/system ]; then
  echo "systemd is not running: only boot is possible" >&2
  exit 1
fi

new=$toplevel/etc/systemd/system
old=/run/current-system/etc/systemd/system
if [ "$(cat /run/current-system/init-interface-version 2> /dev/null || cat "$toplevel/init-interface-version")" != "$(cat "$toplevel/init-interface-version")" ]; then
  echo "Warning: the new NixOS configuration has an 'init' that is incompatible with the current one. The new configuration won't take effect until you reboot." >&2
  exit 100
fi

declares() { grep -qx "$2=$3" "$1"; }
is_active() { systemctl is-active --quiet "$1" || [ "$(systemctl show --property ActiveState --value "$1")" = activating ]; }

stop='' start='' restart='' reload=''
# The units of one closure are one store path: where that is the same, no unit differs.
same=
[ "$(readlink -f "$old")" != "$(readlink -f "$new")" ] || same=1
if [ -z "$same" ] && [ -d "$old" ]; then
  for file in "$old"/*; do
    unit=$(basename "$file")
    [ -d "$file" ] && continue
    if [ ! -e "$new/$unit" ] || [ "$(readlink "$new/$unit")" = /dev/null ]; then
      [ -e "$file" ] && is_active "$unit" && stop="$stop $unit"
    elif ! cmp -s "$file" "$new/$unit" && is_active "$unit"; then
      case $unit in
        *.target | *.slice) continue ;;
      esac
      if declares "$new/$unit" X-ReloadIfChanged true; then reload="$reload $unit"
      elif declares "$new/$unit" X-RestartIfChanged false || declares "$new/$unit" RefuseManualStop true; then :
      elif declares "$new/$unit" X-StopIfChanged false; then restart="$restart $unit"
      else stop="$stop $unit" start="$start $unit"
      fi
    fi
  done
fi
# What the targets of a running machine want and what is not yet up.
for folder in "$new"/*.target.wants "$new"/*.target.requires; do
  [ -d "$folder" ] || continue
  target=$(basename "${folder%.*}")
  systemctl is-active --quiet "$target" || [ "$target" = multi-user.target ] || continue
  for link in "$folder"/*; do
    unit=$(basename "$link")
    [ -e "$new/$unit" ] || continue
    case " $stop $start $restart " in *" $unit "*) continue ;; esac
    is_active "$unit" || start="$start $unit"
  done
done

listed() { echo "$*" | tr ' ' '\n' | sed '/^$/d' | sort -u | tr '\n' ',' | sed 's/,$//; s/,/, /g'; }
say() { local text=$1; shift; if [ -n "$(listed "$*")" ]; then echo "$text: $(listed "$*")"; fi; }

if [ "$action" = dry-activate ]; then
  say 'would stop the following units' $stop
  echo 'would activate the configuration...'
  "$toplevel/activate" --dry
  say 'would reload the following units' $reload
  say 'would restart the following units' $restart
  say 'would start the following units' $start
  exit 0
fi

code=0
if [ -n "$stop" ]; then
  say 'stopping the following units' $stop
  systemctl stop -- $stop
fi
echo 'activating the configuration...'
"$toplevel/activate" || code=2
[ -n "$same" ] || systemctl daemon-reload || code=3
systemd-tmpfiles --create /etc/tmpfiles.d/00-nixos.conf 2> /dev/null || [ ! -e /etc/tmpfiles.d/00-nixos.conf ] || code=4
if [ -n "$reload" ]; then
  say 'reloading the following units' $reload
  systemctl reload -- $reload || code=4
fi
if [ -n "$restart" ]; then
  say 'restarting the following units' $restart
  systemctl restart -- $restart || code=4
fi
if [ -n "$start" ]; then
  say 'starting the following units' $start
  systemctl start -- $start || code=4
fi
failed=$(systemctl list-units --state=failed --plain --no-legend --no-pager | cut -d' ' -f1)
if [ -n "$failed" ]; then
  say 'warning: the following units failed' $failed >&2
  [ "$code" = 0 ] && code=4
fi
exit "$code"
