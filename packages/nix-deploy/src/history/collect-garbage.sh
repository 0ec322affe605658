#!/bin/sh
# $1 state directory, $2 profile, then the generations to delete. Holds the lock of the deploys meanwhile.
set -e
state=$1 profile=$2
shift 2
mkdir -p "$state"
exec 7>> "$state/session.lock"
flock --nonblock 7 || { echo "locked $(cat "$state/session.holder" 2> /dev/null)"; exit 0; }
exec 8>> "$state/activation.lock"
flock --nonblock 8 || { echo "locked $(cat "$state/activation.holder" 2> /dev/null)"; exit 0; }
echo 'garbage collection' > "$state/session.holder"
[ "$#" = 0 ] || nix-env --profile "$profile" --delete-generations "$@"
nix-store --gc
