#!/bin/bash
# Moves the running machine to this closure, with the words, order and exit codes of switch-to-configuration-ng.
# shellcheck disable=SC2086 # lists of units are split into words
toplevel=@out@
action=$1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C NIXOS_ACTION=$action
exec 1>&2

case $action in
  check | switch | boot | test | dry-activate) ;;
  *) echo "Usage: $0 [check|switch|boot|test|dry-activate]"; exit 1 ;;
esac

# The lock is not waited for. Its code is the errno EAGAIN, as with the real one, which dies with the last errno.
lock=/run/nixos/switch-to-configuration.lock
if [ "$LAB_SWITCH_LOCKED" != "$toplevel" ]; then
  mkdir -p /run/nixos
  # The process flock lives as long as the lock: so the kernel tells who holds it.
  LAB_SWITCH_LOCKED=$toplevel flock --nonblock --conflict-exit-code 11 "$lock" "$0" "$@"
  code=$?
  [ "$code" != 11 ] || echo 'Could not acquire lock'
  exit "$code"
fi
unset LAB_SWITCH_LOCKED

if [ "$NIXOS_NO_CHECK" != 1 ] && ! "$toplevel/pre-switch-checks" "$toplevel" "$action"; then
  echo 'Pre-switch checks failed'
  exit 1
fi
[ "$action" != check ] || exit 0

if [ "$action" = switch ] || [ "$action" = boot ]; then
  # What the boot loader would start next; the image's nixos-boot reads it.
  # As with the real ones, what is there already is not written again.
  if [ "$NIXOS_INSTALL_BOOTLOADER" = 1 ] || [ "$(cat /boot/nixos/default 2> /dev/null)" != "$toplevel" ]; then
    if ! { mkdir -p /boot/nixos && printf '%s' "$toplevel" > /boot/nixos/default.new && mv /boot/nixos/default.new /boot/nixos/default; }; then
      echo 'Failed to install bootloader'
      exit 1
    fi
    [ "$NIXOS_INSTALL_BOOTLOADER" != 1 ] || date > /boot/nixos/installed
  fi
  if [ "$action" = boot ]; then exit 0; fi
fi

if [ ! -d /run/systemd/system ]; then
  echo 'Error: Failed to open dbus connection'
  exit 1
fi

new=$toplevel/etc/systemd/system
old=/run/current-system/etc/systemd/system
if [ "$(cat /run/current-system/init-interface-version 2> /dev/null || cat "$toplevel/init-interface-version")" != "$(cat "$toplevel/init-interface-version")" ]; then
  printf "Warning: the new NixOS configuration has an ‘init’ that is\nincompatible with the current configuration.  The new configuration\nwon't take effect until you reboot the system.\n\n"
  exit 100
fi

declares() { grep -qx "$2=$3" "$1"; }
is_active() { systemctl is-active --quiet "$1" || [ "$(systemctl show --property ActiveState --value "$1")" = activating ]; }
# What of a unit counts: these keys of [Unit] say nothing about what runs.
essence() {
  awk '/^\[/ { unit = $0 == "[Unit]" }
    unit && /^(X-Reload-Triggers|Description|Documentation|OnFailure|OnSuccess|OnFailureJobMode|IgnoreOnIsolate|StopWhenUnneeded|RefuseManualStart|RefuseManualStop|AllowIsolation|CollectMode|SourcePath)=/ { next }
    { print }' "$1"
}

stop='' start='' restart='' reload='' skip=''
# The units of one closure are one store path: where that is the same, no unit differs.
same=
[ "$(readlink -f "$old")" != "$(readlink -f "$new")" ] || same=1
if [ -z "$same" ] && [ -d "$old" ]; then
  for file in "$old"/*; do
    unit=${file##*/}
    [ -f "$file" ] || continue
    if [ ! -e "$new/$unit" ] || [ "$(readlink "$new/$unit")" = /dev/null ]; then
      if is_active "$unit" && ! declares "$file" X-StopOnRemoval false; then stop="$stop $unit"; fi
    elif ! cmp -s "$file" "$new/$unit" && is_active "$unit"; then
      if [ "$(essence "$file")" = "$(essence "$new/$unit")" ]; then
        [ "$(grep ^X-Reload-Triggers= "$file")" = "$(grep ^X-Reload-Triggers= "$new/$unit")" ] || reload="$reload $unit"
        continue
      fi
      case $unit in
        *.target | *.slice | *.socket) continue ;;
      esac
      socket=${unit%.*}.socket
      if declares "$new/$unit" X-ReloadIfChanged true; then reload="$reload $unit"
      elif declares "$new/$unit" X-RestartIfChanged false || declares "$new/$unit" RefuseManualStop true; then skip="$skip $unit"
      elif declares "$new/$unit" X-StopIfChanged false || [ "$unit" = "${unit%.service}" ]; then restart="$restart $unit"
      elif [ -e "$new/$socket" ] && is_active "$socket"; then stop="$stop $unit $socket" start="$start $socket"
      else stop="$stop $unit" start="$start $unit"
      fi
    fi
  done
fi
# What the targets of a running machine want and what is not yet up: started with them, and not announced.
wanted=
for folder in "$new"/*.target.wants "$new"/*.target.requires; do
  [ -d "$folder" ] || continue
  target=$(basename "${folder%.*}")
  systemctl is-active --quiet "$target" || [ "$target" = multi-user.target ] || continue
  for link in "$folder"/*; do
    unit=${link##*/}
    [ -e "$new/$unit" ] || continue
    case " $stop $start $restart " in *" $unit "*) continue ;; esac
    is_active "$unit" || wanted="$wanted $unit"
  done
done

listed() { echo "$*" | tr ' ' '\n' | sed '/^$/d' | sort -fu | tr '\n' ',' | sed 's/,$//; s/,/, /g'; }
say() { local text=$1; shift; if [ -n "$(listed "$*")" ]; then echo "$text: $(listed "$*")"; fi; }
# submit VERB UNIT…: one job for each unit, all at once, each failure told by its own line.
submit() {
  local verb=$1 unit failures
  shift
  failures=$(for unit in "$@"; do
    { systemctl "$verb" -- "$unit" 2> /dev/null || echo "Failed to $verb $unit"; } &
  done; wait)
  [ -z "$failures" ] || { echo "$failures"; code=4; }
}

if [ "$action" = dry-activate ]; then
  say 'would stop the following units' $stop
  say 'would NOT stop the following changed units' $skip
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
say 'NOT restarting the following changed units' $skip
echo 'activating the configuration...'
if ! "$toplevel/activate"; then
  echo 'Failed to run activate script'
  code=2
fi
# Failures of before are forgotten: what is failed at the end has failed now.
systemctl reset-failed
[ -n "$same" ] || systemctl daemon-reload
[ ! -e /etc/tmpfiles.d/00-nixos.conf ] || systemd-tmpfiles --create /etc/tmpfiles.d/00-nixos.conf 2> /dev/null
for unit in $reload; do
  # A reload would fail where it was stopped with something that it needs.
  is_active "$unit" || { reload=" $reload "; reload=${reload/ $unit / } start="$start $unit"; }
done
if [ -n "${reload// /}" ]; then
  say 'reloading the following units' $reload
  submit reload $reload
fi
if [ -n "$restart" ]; then
  say 'restarting the following units' $restart
  submit restart $restart
fi
if [ -n "$start" ]; then
  say 'starting the following units' $start
  submit start $start
fi
if [ -n "$wanted" ]; then
  systemctl start -- $wanted 2> /dev/null
  started=
  for unit in $wanted; do ! is_active "$unit" || started="$started $unit"; done
  say 'the following new units were started' $started
fi
failed=$(systemctl list-units --state=failed --plain --no-legend --no-pager | cut -d' ' -f1)
for unit in $(systemctl list-units --state=auto-restart --plain --no-legend --no-pager | cut -d' ' -f1); do
  # One that waits to be started again is a failure only where it had ended badly.
  [ "$(systemctl show --property ExecMainStatus --value "$unit")" = 0 ] || failed="$failed $unit"
done
if [ -n "$failed" ]; then
  say 'warning: the following units failed' $failed
  systemctl status --no-pager --full -- $failed
  # Over any other code, also over that of a failed activation script.
  code=4
fi
exit "$code"
