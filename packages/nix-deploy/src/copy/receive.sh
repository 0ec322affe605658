#!/bin/sh
# Reads a system, a line, and the paths of its closure up to an empty line; prints those that do not lie in the store, which
# is sooner seen than asked of nix, and an empty line. After one line more it imports the rest of its input.
IFS= read -r system || exit 0
paths() { while IFS= read -r path && [ -n "$path" ]; do printf '%s\n' "$path"; done; }
if [ -e "$system" ]; then
  paths | xargs nix-store --check-validity --print-invalid || exit 1
else
  while IFS= read -r path && [ -n "$path" ]; do
    [ -e "$path" ] || [ -L "$path" ] || printf '%s\n' "$path"
  done
fi
echo
IFS= read -r _ || exit 0
exec nix-store --import > /dev/null
