#!/bin/sh
# After show-log.sh and connection-units.sh. Puts the supervisor on the target and starts it in its unit, then shows its log from the beginning. The
# unit's commands come from the system that runs now, by its store path: whatever the new one breaks, these are there to
# restore it.
#
# $1 state directory, $2 the supervisor's text, $3 connection units that may be stopped, $4 variables for
# switch-to-configuration, then the lines of its request (id, profile, toplevel, system, action,
# seconds to wait for the confirmation, seconds for the activation, link to the current system, number of the
# generation to switch the profile to or `new`, holder).
set -e
umask 077
state=$1 text=$2 may_stop=$3 variables=$4
shift 4
id=$1 profile=$2 toplevel=$3 system=$4 action=$5 current=$8
refuse() { printf '@nix-deploy %s refused %s\n' "$id" "$1"; exit 3; }
[ -f "$toplevel/nixos-version" ] || refuse "$toplevel is not a NixOS system (it has no nixos-version)"
if [ ! -e "$system" ]; then
  known=$(cd "$toplevel/specialisation" 2> /dev/null && echo *)
  [ "$known" != '*' ] || known=
  refuse "$toplevel has no specialisation ${system##*/}; it has ${known:-none}"
fi
[ -x "$system/bin/switch-to-configuration" ] ||
  refuse "$system has no bin/switch-to-configuration: build it with system.switch.enable = true"
if [ "$action" != boot ] && [ -d /run/systemd/system ]; then
  lost=$(lost_connection_units "$current" "$system" "$may_stop")
  # shellcheck disable=SC2086 # a word a unit
  [ -z "$lost" ] || { echo "@nix-deploy $id strands" $lost; exit 0; }
fi
folder=$state/deploys/$id
mkdir -p "$folder" /nix/var/nix/gcroots "${profile%/*}"
printf '%s' "$text" > "$folder/supervisor"
printf '%s\n' "$@" > "$folder/request"
mkfifo "$folder/wake"
: > "$folder/log"
ln -sfn "$toplevel" "/nix/var/nix/gcroots/nix-deploy-$id"
set -- "$state"/deploys/*
# The names are ids of ours.
# shellcheck disable=SC2012
[ "$#" -le 20 ] || ls -1t "$state/deploys" | tail -n +21 | while IFS= read -r old; do
  if [ -f "$state/deploys/$old/outcome" ]; then rm -rf "$state/deploys/$old"; fi
done
running=$(readlink -f "$current" || :)
set --
for variable in $variables ${LOCALE_ARCHIVE:+"LOCALE_ARCHIVE=$LOCALE_ARCHIVE"}; do set -- "$@" "--setenv=$variable"; done
systemd-run --quiet --collect --no-ask-password --unit="nix-deploy-$id" --service-type=exec \
  --description="Deploy of $toplevel" --setenv=PATH="$running/sw/bin:$PATH" "$@" \
  --property=ExecStopPost="/bin/sh $folder/supervisor recover $folder" \
  --property=KillMode=mixed --property=TimeoutStopSec=infinity --property=OOMScoreAdjust=-900 \
  -- /bin/sh "$folder/supervisor" run "$folder"
show_log "$id" "$folder" 1
