#!/bin/sh
# Deletes the store paths on its input: all at once, or, where nix refuses one of them, one by one, those that refer to
# others first. Prints how many are gone.
# shellcheck disable=SC2086 # a word a path
paths=$(cat)
nix-store --delete $paths > /dev/null 2>&1 ||
  for path in $paths; do nix-store --delete "$path" > /dev/null 2>&1; done
nix-store --check-validity --print-invalid $paths | wc -l
