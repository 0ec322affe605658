#!/bin/sh
# Reads store paths and writes them as `nix-store --import` reads them.
paths=$(cat)
# shellcheck disable=SC2086 # a word a path
exec nix-store --export $paths
