#!/bin/sh
# Says what this machine has of what a cutover needs, in lines of `name value`. $1 the key that root must let in: type and text.
PATH=$PATH:/run/current-system/sw/bin
say() { printf '%s %s\n' "$1" "$2"; }
read -r name < /proc/sys/kernel/hostname
say hostName "$name"
if command -v cloud-init > /dev/null; then
  # One that is installed and has nothing to do is as good as none.
  case $(cloud-init status 2> /dev/null) in *disabled*) ;; *) say cloudInit yes ;; esac
fi
for unit in sshd.socket sshd.service ssh.socket ssh.service; do
  if systemctl is-active --quiet "$unit"; then
    say sshd "$unit"
    break
  fi
done
for key in /etc/ssh/ssh_host_*_key.pub; do
  [ ! -s "$key" ] || { say hostKeys yes; break; }
done
for file in /root/.ssh/authorized_keys /etc/ssh/authorized_keys.d/root; do
  if grep -qF -- "$1" "$file" 2> /dev/null; then
    say rootKey "$file"
    break
  fi
done
command -v git > /dev/null && say git yes
command -v tailscale > /dev/null && say tailscale yes
command -v nix > /dev/null && say nix "$(nix --version 2> /dev/null)"
[ ! -e /etc/NIXOS ] || say nixos yes
systemctl is-active --quiet systemd-networkd && say networkd yes
exit 0
