#!/bin/sh
# $1 state directory, $2 profile, then the generations to delete. Holds the lock of the deploys meanwhile.
set -e
state=$1 profile=$2
shift 2
mkdir -p "$state"
(umask 077 && : >> "$state/session.lock" && : >> "$state/activation.lock")
exec 7>> "$state/session.lock"
# A session may look just now whether they are held.
flock --wait 0.5 7 || { echo "locked $(cat "$state/session.holder" 2> /dev/null)"; exit 0; }
exec 8>> "$state/activation.lock"
flock --wait 0.5 8 || { echo "locked $(cat "$state/activation.holder" 2> /dev/null)"; exit 0; }
echo 'garbage collection' > "$state/session.holder"
# Of deploys whose machine went down under them: with both locks held, none is under way.
rm -f /nix/var/nix/gcroots/nix-deploy-*
[ "$#" = 0 ] || nix-env --profile "$profile" --delete-generations "$@"
nix-store --gc
