#!/bin/sh
# Prints what is in the workspace of a rig and what starts it, as root. Arguments: the user, the workspace.
# A line for each: a word that says what it is, and fields that are separated by TAB. No content of a secret is printed.
user=$1
workspace=$2
home=$(getent passwd "$user" | cut -d: -f6)
as_user() { runuser -u "$user" -- "$@"; }
printf 'hostname\t%s\n' "$(uname -n)"
printf 'home\t%s\n' "$home"

find "$workspace" -xdev -maxdepth 3 -name .git -prune -printf '%h\n' | sort | while read -r clone; do
  git() { as_user git -C "$clone" "$@" 2>/dev/null; }
  printf 'clone\t%s\t%s\t%s\t%s\t%s\n' "$clone" "$(git remote get-url origin)" "$(git symbolic-ref --short HEAD)" \
    "$(git config user.name)" "$(git config user.email)"
done

find "$workspace" -xdev -maxdepth 3 -type f -name .phase-idx -printf 'resume-point\t%p\n'
find "$workspace" -xdev -maxdepth 3 -type f -name 'plan-*[0-9]*.md' -printf 'plan\t%p\n'
find "$workspace" -xdev -maxdepth 4 -type f -path '*/prompts/*.md' -printf 'prompt\t%p\n'
[ ! -d "$workspace/references" ] || [ -e "$workspace/references/.git" ] || printf 'references\t%s\n' "$workspace/references"

for unit in /etc/systemd/system/*.service; do
  [ -f "$unit" ] || continue
  value() { sed -n "s/^$1=[-@:+!]*//p" "$unit" | head -n 1; }
  what=other-unit
  if sed -n 's/^Exec[A-Za-z]*=//p' "$unit" | grep -qF "$workspace/"; then what=unit; elif [ "$(value User)" != "$user" ]; then continue; fi
  printf '%s\t%s\t%s\t%s\t%s\n' "$what" "${unit##*/}" "$(value ExecStart)" "$(value ExecStop)" \
    "$(sed -n 's/^Environment=//p' "$unit" | tr '\n' ' ')"
done
crontab -l -u "$user" 2>/dev/null | grep -F "$workspace/" | sed "s/^/cron$(printf '\t')/"

# secret FILE: its kind, by what is in it, which is not printed.
secret() {
  kind=opaque
  if head -c 4096 "$1" | grep -q '^AGE-SECRET-KEY-'; then
    kind=age-identity
  elif head -n 1 "$1" | grep -q 'PRIVATE KEY'; then
    kind=private-key
  elif head -n 1 "$1" | grep -q 'BEGIN CERTIFICATE'; then
    kind=certificate
  elif ! grep -qvE '^([A-Za-z_][A-Za-z0-9_]*=.*|#.*|)$' "$1"; then
    kind='env'
  fi
  recipient=
  [ $kind != age-identity ] || recipient=$(sed -n 's/^# public key: //p' "$1" | head -n 1)
  printf 'secret\t%s\t%s\t%s\t%s\n' "$kind" "$1" "$(stat -c %a "$1")" "$recipient"
}
# What only its owner may read, outside of git.
find "$workspace" -xdev -name .git -prune -o -type d -exec test -e '{}/.git' ';' ! -path "$workspace" -prune -o \
  -type f -size -64k ! -perm /077 -print | sort | head -n 50 | while read -r file; do secret "$file"; done
for file in "$home"/.ssh/*; do
  [ -f "$file" ] || continue
  head -n 1 "$file" | grep -q 'PRIVATE KEY' && secret "$file"
done
:
