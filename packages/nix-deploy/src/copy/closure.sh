#!/bin/sh
# After parts.sh. Says the paths of the closure of $1, its parts, and the size of each path, with an empty line between them.
# The parts are looked at while nix looks for the paths.
{ nix-store --query --requisites "$1" || echo failed; } | {
  found=$(parts "$1")
  paths=$(cat)
  case $paths in *failed) exit 1 ;; esac
  printf '%s\n\n%s\n\n' "$paths" "$found"
  printf '%s\n' "$paths" | xargs nix-store --query --size
}
