#!/bin/sh
# parts SYSTEM: says `part NAME BYTES IDENTITY` for each part that the system has.
parts() {
  top=$(readlink -f "$1")
  set --
  for part in kernel initrd kernel-modules kernel-params; do
    [ ! -e "$top/$part" ] || set -- "$@" "$top/$part"
  done
  [ "$#" != 0 ] || return 0
  # Two processes for all of them.
  sizes=$(stat -L -c %s "$@")
  readlink -f "$@" | {
    # shellcheck disable=SC2086 # a word a size
    set -- $sizes
    for part in kernel initrd kernel-modules kernel-params; do
      [ -e "$top/$part" ] || continue
      read -r real
      size=$1
      shift
      [ ! -d "$real" ] || size=0
      case $real in
        "$top"/*) if [ -d "$real" ]; then sum=$(cd "$real" && find . -type f -exec cksum {} + | sort | cksum); else sum=$(cksum < "$real"); fi ;;
        *) sum=$real ;;
      esac
      echo "part $part $size $sum"
    done
  }
}
