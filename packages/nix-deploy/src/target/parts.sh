#!/bin/sh
# parts SYSTEM: says `part NAME BYTES IDENTITY` for each part that the system has.
parts() {
  top=$(readlink -f "$1")
  for part in kernel initrd kernel-modules kernel-params; do
    [ -e "$top/$part" ] || continue
    real=$(readlink -f "$top/$part")
    size=0
    [ -d "$real" ] || size=$(stat -c %s "$real")
    case $real in
      "$top"/*) if [ -d "$real" ]; then sum=$(cd "$real" && find . -type f -exec cksum {} + | sort | cksum); else sum=$(cksum < "$real"); fi ;;
      *) sum=$real ;;
    esac
    echo "part $part $size $sum"
  done
}
