#!/bin/bash
# Makes the server that the loops look after. Argument: the forge's host key. Prints its own deploy key.
set -euo pipefail
install -d -m 700 /root/.ssh
echo "forge $1" >/root/.ssh/known_hosts
[ -e /root/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -C ccci -f /root/.ssh/id_ed25519
systemctl enable --quiet health.service
cat /root/.ssh/id_ed25519.pub
