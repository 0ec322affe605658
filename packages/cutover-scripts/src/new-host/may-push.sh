#!/bin/sh
# Asks each of the repositories named whether git may push there, and prints those that refuse: URL, tab, why. Nothing is pushed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git init --quiet --bare "$folder"
cd "$folder"
tree=$(git hash-object -w -t tree /dev/null)
commit=$(git -c user.name=cutover -c user.email=cutover@localhost commit-tree -m probe "$tree")
for url; do
  said=$(git push --quiet --dry-run "$url" "$commit:refs/cutover/probe" 2>&1) ||
    printf '%s\t%s\n' "$url" "$(printf '%s' "$said" | tr '\n\t' '; ')"
done
