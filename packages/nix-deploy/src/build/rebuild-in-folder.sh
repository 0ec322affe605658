#!/bin/sh
# $1 a folder or nothing, then the command. What it says goes where its log goes; stdout is the result alone.
folder=$1
shift
if [ -n "$folder" ]; then
  mkdir -p "$folder" || exit
else
  folder=$(mktemp -d) || exit
  trap 'rm -rf "$folder"' EXIT
fi
cd "$folder" || exit
"$@" >&2 || exit
readlink -f result
