#!/bin/sh
# Asks each of the repositories named whether git may push there, and prints those that refuse: URL, tab, why. Nothing is pushed.
#
# A server that takes the key of no login is not asked again for its other repositories. One that has just refused a host a few
# times drops its connections for some seconds (OpenSSH 9.8 on), so it is asked again.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git init --quiet --bare "$folder"
cd "$folder"
tree=$(git hash-object -w -t tree /dev/null)
commit=$(git -c user.name=cutover -c user.email=cutover@localhost commit-tree -m probe "$tree")

server_of() {
  case $1 in
    *://*)
      set -- "${1#*://}"
      echo "${1%%/*}"
      ;;
    *) echo "${1%%:*}" ;;
  esac
}

# Sets `said`.
may_push() {
  left=15
  while ! said=$(git push --quiet --dry-run "$1" "$commit:refs/cutover/probe" 2>&1); do
    case $said in
      *'Connection reset by'* | *'Connection closed by'* | *kex_exchange_identification*) ;;
      *) return 1 ;;
    esac
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 2
  done
}

# The server that takes the key of no login, and its words.
refused='' words=''
for url; do
  server=$(server_of "$url")
  if [ "$server" = "$refused" ]; then
    said=$words
  else
    if may_push "$url"; then continue; fi
    case $said in *'Permission denied (publickey'*) refused=$server words=$said ;; esac
  fi
  printf '%s\t%s\n' "$url" "$(printf '%s' "$said" | tr '\n\t' '; ')"
done
