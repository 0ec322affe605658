#!/bin/sh
# Joins a node to its tailnet, once. A node that has a node key is never given an auth key: a bad one would log it out.
# $1 the daemon's socket, $2 the node's name, $3 the file of the auth key (empty where it comes by the runbook), $4 the control server (the vendor's where it is
# empty), then more settings.
# Exit 78: the key is no good, so that to try again is of no use.
socket=$1 name=$2 key_file=$3 login_server=$4
shift 4
ts() { tailscale --socket="$socket" "$@"; }
look() { seen=$(ts status --json --peers=false 2> /dev/null | tr -d ' \n\t'); }
has() { case $seen in *"\"$1\":$2"*) return 0 ;; *) return 1 ;; esac; }
# Its control server does not take it any more. One that has started without an answer from there says that it is logged out too.
is_refused() {
  if has BackendState '"NeedsLogin"'; then return 0; fi
  case $seen in *loggedout*) ;; *) return 1 ;; esac
  case $seen in *fetchcontrolkey* | *'Get\"http'* | *'Post\"http'* | *dialtcp* | *connectionattempts* | *context*) return 1 ;; esac
}

look
if [ -z "$seen" ]; then
  echo "tailscaled does not answer on $socket"
  exit 1
fi
if has HaveNodeKey true; then
  # The settings are the node's own: the control server is not asked for them.
  ts set "$@" || exit 1
  if is_refused; then
    echo "the control server does not take this node any more; run \`tailscale --socket=$socket logout\`${key_file:+, put a new auth key at $key_file, and start this unit again}"
    # A key that lies there was not given to anyone.
    exit 0
  fi
  if has Online true; then echo 'this node is in its tailnet'; else echo 'this node has joined; its control server does not see it now'; fi
else
  if [ -z "$key_file" ]; then
    echo 'this node is in no tailnet yet; the runbook brings the auth key'
    exit 0
  fi
  if [ ! -e "$key_file" ]; then
    echo "this node is in no tailnet, and there is no auth key at $key_file: put one there, and start this unit again"
    exit 0
  fi
  if [ ! -s "$key_file" ]; then
    echo "$key_file is empty; it must hold an auth key"
    exit 78
  fi
  said=$(ts up --timeout=60s --reset --auth-key="file:$key_file" --hostname="$name" \
    ${login_server:+"--login-server=$login_server"} "$@" 2>&1) || {
    printf '%s\n' "$said"
    case $said in *authkey* | *'auth key'* | *'invalid key'*) exit 78 ;; esac
    # Why it waited in vain is in the health only, which `status` shows as JSON alone.
    ts status --json --peers=false 2> /dev/null | sed -n '/"Health": \[/,/\]/s/^ *"\(.*\)",\{0,1\}$/  \1/p'
    exit 1
  }
  look
  # Exit 0 is no proof: so does a node end that was logged out.
  if ! has BackendState '"Running"' || ! has HaveNodeKey true || ! has Online true; then
    echo 'tailscale up has ended well, and the node is not in its tailnet'
    exit 1
  fi
  echo 'joined the tailnet'
fi
has DNSName "\"$name." || echo "warning: another node has the name $name; this one got ${seen#*\"DNSName\":}" | cut -d, -f1
# It is spent. One that is a link is a secret of the repository, which would be linked again.
if [ -f "$key_file" ] && [ ! -L "$key_file" ]; then rm -f "$key_file"; fi
exit 0
