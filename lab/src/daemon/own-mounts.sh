#!/bin/sh
# own-mounts.sh LABS PROGRAM [ARGUMENT…]: becomes the program, in a mount namespace of its own.
#
# What the program mounts is seen by it and by what it starts, and by no other program: a sandbox that copies the mounts of
# this machine while a lab runs would otherwise keep the lab's devices in use for as long as the sandbox lives. The copies of
# what other labs in the folder LABS have mounted are dropped here, for the same reason.
set -eu
if [ "$1" != --inside ]; then
  exec unshare --mount --propagation slave -- "$0" --inside "$@"
fi
labs=$2
shift 2

findmnt --kernel --list --noheadings --output TARGET | tac | while IFS= read -r point; do
  case "$point" in "$labs"/*) umount --lazy "$point" ;; esac
done
exec "$@"
