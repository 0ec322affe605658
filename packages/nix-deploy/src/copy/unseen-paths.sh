#!/bin/sh
# Reads the paths of the closure of $1 and prints those that do not lie in the store, which is sooner seen than asked of nix.
if [ -e "$1" ]; then
  exec xargs nix-store --check-validity --print-invalid
fi
while IFS= read -r path; do
  [ -e "$path" ] || [ -L "$path" ] || printf '%s\n' "$path"
done
