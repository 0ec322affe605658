#!/bin/sh
# Tries each private key below the folder $1 at the repositories named: prints the public half of those that open one.
set -eu
folder=$1
shift
for file in "$folder"/*; do
  [ -f "$file" ] || continue
  head -n 1 "$file" | grep -q PRIVATE || continue
  public=$(ssh-keygen -y -P '' -f "$file" 2>/dev/null) || continue
  for url; do
    # Through sh, which git gives this to: the file's name is quoted for it.
    quoted=$(printf '%s' "$file" | sed "s/'/'\\\\''/g")
    if GIT_SSH_COMMAND="ssh -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -i '$quoted'" \
      GIT_TERMINAL_PROMPT=0 git ls-remote --heads "$url" >/dev/null 2>&1; then
      printf '%s\n' "$public"
      break
    fi
  done
done
