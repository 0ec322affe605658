#!/bin/sh
# Names those of the units "$@" that this very ssh connection comes by: to stop one would cut it.
[ -n "${SSH_CONNECTION:-}" ] || exit 0
client=${SSH_CONNECTION%% *} rest=${SSH_CONNECTION#* }
port=${rest%% *}
case $client in
  127.* | ::1)
    # A process of this machine hands the connection on, as a tailscaled in user space does: the one that has its other end.
    pids=$(ss -Htnp "sport = :$port" 2> /dev/null | sed -nE 's/.*pid=([0-9]+).*/\1/p')
    ;;
  *)
    case $(ip -o route get "$client" 2> /dev/null) in
      *' dev tailscale'*) pids=$(pgrep -x tailscaled) ;;
      *' dev '*) exit 0 ;;
      *) pids='' ;;
    esac
    ;;
esac
if [ -z "$pids" ]; then
  # It is not known which: so it may be each of them.
  printf '%s\n' "$@"
  exit 0
fi
for pid in $pids; do
  unit=$(sed -nE 's#^.*/([^/]+\.service)$#\1#p' "/proc/$pid/cgroup" 2> /dev/null | tail -n 1)
  for named in "$@"; do
    case $named in "$unit" | "${unit%.service}") echo "$named" ;; esac
  done
done
exit 0
