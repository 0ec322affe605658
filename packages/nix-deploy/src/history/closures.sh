#!/bin/sh
# Systems as arguments. For each, `closure PATH`, then a path and its size a line, in words that nix-store has always had.
# Nothing of a system about which nix could not be asked to the end: its store path may be gone, or the database busy.
for system in "$@"; do
  paths=$(nix-store --query --requisites "$system") || continue
  sizes=$(printf '%s\n' "$paths" | xargs nix-store --query --size) || continue
  echo "closure $system"
  printf '%s\n' "$sizes" | { for path in $paths; do read -r size && printf '%s %s\n' "$path" "$size"; done; }
done
