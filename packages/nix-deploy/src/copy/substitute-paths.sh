#!/bin/sh
# Reads store paths, fetches from binary caches what it can of them, and prints those that nix still does not have.
# shellcheck disable=SC2046,SC2086 # a word a path
paths=$(cat)
nix-store --realise --ignore-unknown $(nix-store --check-validity --print-invalid $paths) > /dev/null 2>&1
printf '%s\n' "$paths" | xargs nix-store --check-validity --print-invalid
