#!/bin/sh
# deploy-by-hand FOLDER KEY KNOWN_HOSTS ADDRESS…: what an operator types to deploy the flake in FOLDER to machines at once, each
# over one ssh connection that all commands share.
# shellcheck disable=SC2086 # options are split into words
folder=$1
common="-i $2 -o UserKnownHostsFile=$3 -o BatchMode=yes"
shift 3
nix='nix --extra-experimental-features nix-command --extra-experimental-features flakes'
out=$($nix build --no-link --json \
  "path:$folder/flake#nixosConfigurations.box.config.system.build.toplevel" 2> /dev/null | sed 's/.*"out":"\([^"]*\)".*/\1/')
one() {
  ssh="$common -o ControlPath=$folder/ssh-$1"
  ssh $ssh -o ControlMaster=yes -N -f "root@$1" > /dev/null 2>&1
  NIX_SSHOPTS=$ssh $nix copy --to "ssh://root@$1" "$out" 2> /dev/null
  ssh $ssh "root@$1" nix-env --profile /nix/var/nix/profiles/system --set "$out"
  ssh $ssh "root@$1" "$out/bin/switch-to-configuration" switch > /dev/null 2>&1
  ssh $ssh -O exit "root@$1" > /dev/null 2>&1
}
jobs=
for address; do
  one "$address" &
  jobs="$jobs $!"
done
for job in $jobs; do wait "$job"; done
