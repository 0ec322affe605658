#!/bin/bash
# Runs as loops once the forge lets the old host in: the clones, the agent's command and the old boot service's file.
set -euo pipefail
cd /srv/cc-ci
git clone --quiet git@forge:cc-ci-plan.git cc-ci-plan
git clone --quiet git@forge:cc-ci-secrets.git cc-ci-secrets
git clone --quiet git@forge:cc-ci.git cc-ci
git clone --quiet git@forge:cc-ci.git cc-ci-adv
git -C cc-ci config user.name Builder && git -C cc-ci config user.email builder@cc-ci
git -C cc-ci-adv config user.name Adversary && git -C cc-ci-adv config user.email adversary@cc-ci
mkdir -p ~/.local/bin
ln -s /srv/cc-ci/cc-ci-plan/bin/agent ~/.local/bin/agent
printf '%s\n' '@reboot RESUME_PHASE=1 /srv/cc-ci/cc-ci-plan/launch.sh start' \
  '*/5 * * * * /srv/cc-ci/cc-ci-plan/launch.sh revive' | crontab -
