#!/bin/sh
# How clones stand to the heads that their forge has, a line each: its state, its head and its path. Nothing is fetched.
#   $@ for each clone: its path, its remote's address, the head at the forge
while [ $# -ge 3 ]; do
  path=$1 url=$2 wanted=$3 state=behind
  shift 3
  head=$(git -C "$path" rev-parse --quiet --verify HEAD) || head=none
  if ! [ -e "$path" ]; then
    state=absent
  elif [ "$(git -C "$path" remote get-url origin)" != "$url" ]; then
    state=foreign
  elif git -C "$path" merge-base --is-ancestor "$wanted" HEAD 2>/dev/null; then
    state=current
  fi
  echo "$state $head $path"
done
