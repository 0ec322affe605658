#!/bin/bash
# Makes the forge: git over ssh as user git. Argument: the operator's public key. /root/plan holds the loop code.
set -euo pipefail
operator=$1
useradd --system --home-dir /srv/git --create-home --shell /bin/sh git
install -d -o git -g git -m 700 /srv/git/.ssh /srv/git/.keys
echo "$operator" >/srv/git/.keys/admin
cp /srv/git/.keys/admin /srv/git/.ssh/authorized_keys
chown git:git /srv/git/.keys/admin /srv/git/.ssh/authorized_keys
chmod 600 /srv/git/.ssh/authorized_keys

as_git() { setpriv --reuid git --regid git --init-groups env HOME=/srv/git "$@"; }
export GIT_AUTHOR_NAME=operator GIT_AUTHOR_EMAIL=operator@cc-ci GIT_COMMITTER_NAME=operator GIT_COMMITTER_EMAIL=operator@cc-ci

# seed NAME FOLDER: a repository with the folder's content as its first commit.
seed() {
  as_git init "$1" >/dev/null
  git init --quiet --initial-branch=main "$2"
  git -C "$2" add --all
  git -C "$2" commit --quiet --message "Begin $1"
  chown -R git:git "$2"
  as_git git -C "/srv/git/$1.git" fetch --quiet "$2" main:main
}

work=$(mktemp -d)
chmod 755 "$work"
mkdir "$work/cc-ci"
printf '# cc-ci\n\nWhat the server runs. STATUS.md says where the work stands.\n' >"$work/cc-ci/README.md"
printf 'phase 0\nwork none\n' >"$work/cc-ci/STATUS.md"
seed cc-ci "$work/cc-ci"
cp -R /root/plan "$work/plan"
seed cc-ci-plan "$work/plan"
mkdir "$work/secrets"
printf '# cc-ci-secrets\n\nEncrypted for the master age key only.\n' >"$work/secrets/README.md"
seed cc-ci-secrets "$work/secrets"
rm -rf "$work" /root/plan
