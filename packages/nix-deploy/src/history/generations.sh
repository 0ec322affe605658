#!/bin/sh
# $1 profile, $2 current, $3 booted. A line for each generation: link, time, path, version.
real() { [ -e "$1" ] && readlink -f "$1"; }
echo "active $(readlink "$1" 2> /dev/null)"
echo "current $(real "$2")"
echo "booted $(real "$3")"
for link in "$1"-*-link; do
  [ -L "$link" ] || continue
  # The links of a profile `web-2` match as well.
  number=${link#"$1"-} number=${number%-link}
  case $number in *[!0-9]*) continue ;; esac
  path=$(readlink -f "$link")
  printf 'generation %s %s %s %s\n' "${link##*/}" "$(stat -c %Y "$link")" "$path" "$(cat "$path/nixos-version" 2> /dev/null)"
done
