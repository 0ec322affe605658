/**
 * Shows the log from byte `$first` on while a process of the unit lives: the supervisor, or the one that cleans up after
 * it was killed. It may end before the log does; then it is called again.
 */
const showLog = `
unit=nix-deploy-$id.service
pid=
for one in $(systemctl show --property MainPID --property ControlPID --value "$unit" 2> /dev/null); do
  [ "$one" = 0 ] || pid=\${pid:-$one}
done
if [ -n "$pid" ]; then exec tail -s 0.2 --pid="$pid" -c "+$first" -f "$folder/log"; fi
case $(systemctl show --property ActiveState --value "$unit" 2> /dev/null) in
  active | activating | deactivating) sleep 0.1; exec tail -c "+$first" "$folder/log" ;;
esac
tail -c "+$first" "$folder/log"
[ -f "$folder/outcome" ] || printf '\\n@nix-deploy %s gone\\n' "$id"
`;

/**
 * Puts the supervisor on the target and starts it in its unit, then shows its log from the beginning. The unit's
 * commands come from the system that runs now, by its store path: whatever the new one breaks, these are there to
 * restore it.
 *
 * `$1` state directory, `$2` the supervisor's text, then the lines of its request (id, profile, toplevel, system,
 * action, seconds to wait for the confirmation, seconds for the activation, link to the current system,
 * number of the generation to switch the profile to or `new`, holder).
 */
export const startScript: string = `
set -e
umask 077
state=$1 text=$2
shift 2
id=$1 toplevel=$3 system=$4 current=$8
[ -f "$toplevel/nixos-version" ] || { echo "@refused $toplevel is not a NixOS system (it has no nixos-version)"; exit 3; }
[ -x "$system/bin/switch-to-configuration" ] || { echo "@refused $system has no switch-to-configuration"; exit 3; }
folder=$state/deploys/$id
mkdir -p "$folder" /nix/var/nix/gcroots
printf '%s' "$text" > "$folder/supervisor"
printf '%s\\n' "$@" > "$folder/request"
mkfifo "$folder/wake"
: > "$folder/log"
ln -sfn "$toplevel" "/nix/var/nix/gcroots/nix-deploy-$id"
set -- "$state"/deploys/*
[ "$#" -le 20 ] || ls -1t "$state/deploys" | tail -n +21 | while IFS= read -r old; do
  if [ -f "$state/deploys/$old/outcome" ]; then rm -rf "$state/deploys/$old"; fi
done
running=$(readlink -f "$current" || :)
systemd-run --quiet --collect --no-ask-password --unit="nix-deploy-$id" --service-type=exec \\
  --description="Deploy of $toplevel" --setenv=PATH="$running/sw/bin:$PATH" \\
  --property=ExecStopPost="/bin/sh $folder/supervisor recover $folder" \\
  --property=KillMode=mixed --property=TimeoutStopSec=infinity --property=OOMScoreAdjust=-900 \\
  -- /bin/sh "$folder/supervisor" run "$folder"
first=1
${showLog}`;

/** Shows the log of a deploy again: `$1` state directory, `$2` id, `$3` the first byte wanted (from 1). */
export const followScript: string = `
folder=$1/deploys/$2 id=$2 first=$3
[ -f "$folder/log" ] || { echo "@refused there is no deploy $2 on this machine"; exit 3; }
${showLog}`;

/**
 * Decides: `$1` state directory, `$2` id, `$3` confirmed|revoked. Prints the decision that stands, which may be another.
 * Opened for reading as well, the pipe keeps nobody waiting, also when no supervisor reads it any more.
 */
export const decideScript: string = `
folder=$1/deploys/$2
if ln -s "$3" "$folder/decision" 2> /dev/null; then printf . 1<> "$folder/wake"; fi
readlink "$folder/decision"
`;
