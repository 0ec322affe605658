#!/bin/sh
# Runs as mmdebstrap's customize hook: $1 is the root of the new system.
set -eu
root=$1
rm -f "$root"/etc/ssh/ssh_host_*
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/etc/hostname"
mkdir -p "$root/etc/network/interfaces.d" "$root/srv"
# A container has none of these to look after, or finds done already what they do, and each costs time at every boot.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer systemd-pstore.service getty@tty1.service console-getty.service nix-daemon.socket nix-daemon.service \
  systemd-udev-trigger.service systemd-udevd.service ldconfig.service systemd-journal-catalog-update.service \
  systemd-sysusers.service systemd-update-done.service modprobe@.service; do
  chroot "$root" systemctl mask --quiet "$unit"
done
# Each login over ssh would run a dozen processes for a greeting that no command shows.
sed -i '/pam_motd\|pam_mail/d' "$root/etc/pam.d/sshd"

# sshd starts the login shell for each command; bash takes twice as long to start.
chroot "$root" usermod --shell /bin/sh root
