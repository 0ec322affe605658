#!/bin/sh
# Asks a headscale whether it takes an auth key, without spending it: a daemon that keeps nothing asks to join with a tag that
# no policy has. A key that is no good is refused as that; a good one is refused for the tag, and stays unused.
# $1 the control server, $2 the tag, $3 PEM of the authority of its certificate (empty: this machine trusts it already); the key
# is on standard input.
set -u
folder=$(mktemp -d) || exit 1
daemon=''
trap '[ -z "$daemon" ] || { kill "$daemon"; wait "$daemon"; }; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP
if [ -n "$3" ]; then
  printf '%s\n' "$3" >"$folder/ca.pem"
  export SSL_CERT_FILE="$folder/ca.pem"
fi
tailscaled --state=mem: --statedir="$folder" --socket="$folder/socket" --tun=userspace-networking --no-logs-no-support \
  --port=0 >"$folder/log" 2>&1 </dev/null &
daemon=$!
waited=0
while [ ! -S "$folder/socket" ]; do
  if ! kill -0 "$daemon" 2>/dev/null || [ "$waited" -ge 150 ]; then
    echo "tailscaled did not start: $(tail -n 1 "$folder/log")" >&2
    exit 1
  fi
  waited=$((waited + 1))
  sleep 0.1
done
cat | tailscale --socket="$folder/socket" up --timeout=20s --reset --auth-key=file:/dev/stdin --login-server="$1" \
  --hostname=cutover-probe --advertise-tags="$2"
code=$?
# Why it waited in vain is in the health only, which `status` shows as JSON alone.
[ "$code" -eq 0 ] || tailscale --socket="$folder/socket" status --json --peers=false 2>/dev/null |
  sed -n '/"Health": \[/,/\]/s/^ *"\(.*\)",\{0,1\}$/\1/p' >&2
exit "$code"
