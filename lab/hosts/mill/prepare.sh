#!/bin/bash
# Makes a second rig on the old host, of examples/mill: the user ada, her workspace and her unit, not started.
# Argument: the forge's host key. Prints the key that the forge is to let in.
set -euo pipefail
useradd --create-home --shell /bin/bash ada
home=/home/ada
install -d -o ada -g ada -m 700 $home/.ssh
echo "forge $1" >$home/.ssh/known_hosts
ssh-keygen -q -t ed25519 -N '' -C ada@shed -f $home/.ssh/id_ed25519
(umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >$home/.oven-token)
chown -R ada:ada $home/.ssh $home/.oven-token
cat >/etc/systemd/system/mill.service <<'UNIT'
[Unit]
Description=The mill

[Service]
Type=oneshot
RemainAfterExit=yes
KillMode=process
User=ada
ExecStart=/home/ada/mill/tools/mill start
ExecStop=/home/ada/mill/tools/mill stop

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --quiet mill.service
cut -d' ' -f1,2 $home/.ssh/id_ed25519.pub
