#!/bin/sh
# lost_connection_units OLD NEW ALLOWED: names the active units that a connection may stand on, that the system NEW neither has
# nor replaces by another of their kind, and that ALLOWED does not list: switching to it would stop them.
lost_connection_units() {
  old=$1/etc/systemd/system new=$2/etc/systemd/system allowed=$3
  for kind in \
    'sshd.service sshd.socket ssh.service ssh.socket' \
    'systemd-networkd.service NetworkManager.service dhcpcd.service connman.service' \
    'tailscaled.service' \
    "$(cd "$old" 2> /dev/null && echo wg-quick-*.service)" \
    "$(cd "$old" 2> /dev/null && echo wireguard-*.service)"; do
    kept=
    for unit in $kind; do
      [ ! -e "$new/$unit" ] || [ "$(readlink -f "$new/$unit")" = /dev/null ] || kept=yes
    done
    [ -z "$kept" ] || continue
    for unit in $kind; do
      case " $allowed " in *" $unit "*) continue ;; esac
      if [ -f "$old/$unit" ] && systemctl is-active --quiet "$unit"; then echo "$unit"; fi
    done
  done
}
