#!/bin/sh
# Started before any process is stopped: if the caller does not come back to let them go on, this does.
#
# $1 seconds until then, $2… the processes
setsid sh -c 'sleep "$1"; shift; kill -s CONT "$@" 2>/dev/null' thaw "$@" </dev/null >/dev/null 2>&1 &
