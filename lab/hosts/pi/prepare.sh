#!/bin/bash
# Makes the old host: the user, the workspace and the old rig, not started. Argument: the forge's host key.
# /root/incus holds the Incus certificates. Prints `forge KEY` and `ccci KEY`: who is to be let in there.
set -euo pipefail
useradd --create-home --shell /bin/bash loops
home=/home/loops
install -d -o loops -g loops -m 700 $home/.ssh
echo "forge $1" >$home/.ssh/known_hosts
ssh-keygen -q -t ed25519 -N '' -C loops@pi -f $home/.ssh/id_ed25519
ssh-keygen -q -t ed25519 -N '' -C cc-ci-root -f $home/.ssh/cc-ci-root-ed25519
printf 'Host cc-ci ccci\n  HostName ccci\n  User root\n  IdentityFile ~/.ssh/cc-ci-root-ed25519\n' >$home/.ssh/config
chown -R loops:loops $home/.ssh

workspace=/srv/cc-ci
install -d -o loops -g loops $workspace $workspace/.cc-ci-logs
install -d -o loops -g loops -m 700 $workspace/.sops
(umask 077 && age-keygen -o $workspace/.sops/master-age.txt 2>/dev/null)
chown loops:loops $workspace/.sops/master-age.txt
random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
(
  umask 077
  printf 'TS_AUTH_KEY=tskey-auth-%s\nGITEA_BOT_USER=cc-ci-bot\nGITEA_BOT_TOKEN=%s\n' "$(random 16)" "$(random 20)" >$workspace/.testenv
)
chown loops:loops $workspace/.testenv
echo 2 >$workspace/.cc-ci-logs/.phase-idx
chown loops:loops $workspace/.cc-ci-logs/.phase-idx

certificates=/srv/incus-terraform-nix-vm-creator/terraform-secrets
install -d -o loops -g loops -m 700 $certificates
install -o loops -g loops -m 600 /root/incus/terraform.crt /root/incus/terraform.key $certificates/
ssh-keygen -q -t ed25519 -N '' -C vm -f $certificates/vm_ssh_key
rm $certificates/vm_ssh_key.pub
chown loops:loops $certificates/vm_ssh_key
rm -rf /root/incus

# A corpus of a few hundred files, some with names that a careless copy loses.
references=$workspace/references
for recipe in $(seq 1 24); do
  folder=$references/recipe-$recipe
  mkdir -p "$folder/tests/data set"
  for file in $(seq 1 10); do
    seq "$recipe" $((recipe * file + 50)) | sha256sum >"$folder/tests/case-$file.txt"
  done
  seq 1 $((recipe * 20)) >"$folder/tests/data set/größe $recipe.csv"
  printf '#!/bin/sh\nexit 0\n' >"$folder/run.sh"
  chmod +x "$folder/run.sh"
  ln -s run.sh "$folder/start"
  : >"$folder/.empty"
done
chown -R loops:loops $references

systemctl enable --quiet cc-ci-tailscaled.service cron.service
cut -d' ' -f1,2 $home/.ssh/id_ed25519.pub | sed 's/^/forge /'
cut -d' ' -f1,2 $home/.ssh/cc-ci-root-ed25519.pub | sed 's/^/ccci /'
