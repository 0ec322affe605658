#!/bin/sh
# Systems as arguments. For each, `closure PATH`, then a path and its size a line, in words that nix-store has always had.
for system in "$@"; do
  echo "closure $system"
  paths=$(nix-store --query --requisites "$system") || continue
  printf '%s\n' "$paths" | xargs nix-store --query --size | {
    for path in $paths; do read -r size && printf '%s %s\n' "$path" "$size"; done
  }
done
