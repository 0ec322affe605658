#!/bin/sh
# Called by an agent's hooks with one JSON document on standard input: puts it into SPOOL under a name that is not there
# yet, whole or not at all. The agent waits for this, so it is short; it never fails, for that would be the agent's failure.
#
# $1 SPOOL
umask 077
name=${LOOPS_RUN:-unknown}.$$
while [ -e "$1/$name.json" ]; do name=$name+; done
cat >"$1/.$name" && mv "$1/.$name" "$1/$name.json"
exit 0
