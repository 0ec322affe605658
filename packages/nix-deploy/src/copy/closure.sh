#!/bin/sh
# After parts.sh. Says the paths of the closure of $1, the size of each, and its parts, with an empty line between them.
paths=$(nix-store --query --requisites "$1") || exit
printf '%s\n\n' "$paths"
printf '%s\n' "$paths" | xargs nix-store --query --size
echo
parts "$1"
