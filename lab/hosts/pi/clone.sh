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

# What the server needs, encrypted for the master key: server.yaml lies there already.
mv server.yaml cc-ci-secrets/
git -C cc-ci-secrets config user.name operator && git -C cc-ci-secrets config user.email operator@cc-ci
git -C cc-ci-secrets add --all
git -C cc-ci-secrets commit --quiet --message 'Add the secrets of the server'
git -C cc-ci-secrets push --quiet origin main

mkdir -p ~/.local/bin ~/.agent
ln -s /srv/cc-ci/cc-ci-plan/bin/agent ~/.local/bin/agent
printf '%s\n' '@reboot RESUME_PHASE=1 /srv/cc-ci/cc-ci-plan/launch.sh start' \
  '*/5 * * * * /srv/cc-ci/cc-ci-plan/launch.sh revive' | crontab -

# The operator logs the agent in, in his own way: the code is entered elsewhere.
~/.local/bin/agent login >login.out </dev/null &
until code=$(sed -n 's/^and enter the code //p' login.out) && [ -n "$code" ]; do sleep 0.05; done
echo "$code" >~/.agent/approved-code
wait
rm login.out
