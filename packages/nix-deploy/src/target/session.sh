#!/bin/sh
# After parts.sh and switch-lock.sh. Says the facts of this machine in lines of `name value`, then takes the lock of the deploys for the holder
# that is named on its input, and keeps it until the input ends. As much as can be is done by the shell itself: a
# deploy to many hosts feels every process.
#
# $1 profile, $2 state directory, $3 current, $4 booted, $5 boot.
profile=$1 state=$2 current=$3 booted=$4 boot_folder=$5
say() { printf '%s %s\n' "$1" "$2"; }
of_file() { value=; [ ! -r "$1" ] || read -r value < "$1"; }
of_file /proc/sys/kernel/hostname; say hostName "$value"
of_file /etc/machine-id; say machineId "$value"
while read -r name value _; do
  [ "$name" != Uid: ] || say uid "$value"
done < /proc/self/status
[ -d /run/systemd/system ] && say systemd yes
command -v systemd-run > /dev/null && say systemdRun yes
command -v sudo > /dev/null && say sudo yes
nix=$(readlink -f "$(command -v nix)")
case $nix in
  /nix/store/*-nix-[0-9]*/bin/nix) nix=${nix#*-nix-}; say nixVersion "nix (Nix) ${nix%%/*}" ;;
  # Meanwhile, for it takes as long as all the rest.
  *)
    {
      if version=$(nix --version 2> /dev/null); then say nixVersion "$version"
      elif command -v nix > /dev/null; then say nixProblem "$(nix --version 2>&1 | head -n 1)"
      fi
    } &
    ;;
esac
writable() {
  folder=$1
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  [ -w "$folder" ]
}
writable /nix/var/nix/db && say store yes
writable "${profile%/*}" && say profiles yes
writable "$state" && say state yes
# `folder` is what there is of the way to the state directory.
set -- /nix/store "$folder"
[ ! -d "$boot_folder" ] || set -- "$@" "$boot_folder"
df -B1 --output=avail,iavail "$@" 2> /dev/null | {
  read -r _
  read -r free inodes && say storeFree "$free" && say storeInodesFree "$inodes"
  read -r free _ && say stateFree "$free"
  read -r free _ && say bootFree "$free"
}
for lock in session activation; do
  if [ -r "$state/$lock.lock" ] && ! flock --nonblock --shared 9 9< "$state/$lock.lock" 2> /dev/null; then
    of_file "$state/$lock.holder"
    say lockHolder "${value:-an unnamed deploy}"
    break
  fi
done
rebuild=$(switch_lock_holder)
[ -z "$rebuild" ] || say switchLockHolder "$rebuild"
link=$(readlink "$profile" 2> /dev/null)
link=${link##*/}
generation=${link%-link}
say generation "${generation##*-}"
real() { read -r path; [ ! -e "$path" ] || say "$1" "$path"; }
readlink -m "$profile" "$current" "$booted" | { real profileSystem; real currentSystem; real bootedSystem; }
[ ! -e "$booted" ] || parts "$booted"
wait

say ready
read -r holder || exit 0
[ -d "$state" ] || mkdir -p "$state"
# Who can read a lock can hold it.
umask 077
exec 7>> "$state/session.lock"
# Another session may look just now whether it is held.
if ! flock --wait 0.5 7; then
  of_file "$state/session.holder"
  say locked "${value:-an unnamed deploy}"
  exit 0
fi
printf '%s\n' "$holder" > "$state/session.holder"
say held
read -r _
