#!/bin/sh
# Prints a name for all that a clone holds and its remote may not: commits, stash, index and work tree. It changes whenever
# one of these does; what was fetched or salvaged does not count.
#   $1 the clone
cd "$1" || exit 1
export GIT_OPTIONAL_LOCKS=0
{
  git rev-parse --quiet --verify HEAD
  git for-each-ref --format='%(refname) %(objectname)' | grep -vE '^refs/(remotes|prefetch|salvage)/'
  git stash list --format=%H
  git status --porcelain=v2 --untracked-files=all
  git diff --cached --binary --no-ext-diff --no-textconv
  git diff --binary --no-ext-diff --no-textconv
  git ls-files --others --exclude-standard -z | xargs -0 -r sha256sum --
} | sha256sum | cut -c 1-16
