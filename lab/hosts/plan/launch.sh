#!/usr/bin/env bash
# launch.sh start|stop|status|revive: runs the Builder, the Adversary and the watchdog in tmux sessions.
# RESUME_PHASE=1 start  goes on with the plan phase in .cc-ci-logs/.phase-idx; without it the count begins at 0.
set -euo pipefail

plan=$(dirname "$(readlink -f "$0")")
workspace=${WORKSPACE:-$(dirname "$plan")}
logs=$workspace/.cc-ci-logs
roles=(builder adversary watchdog)

session() { echo "cc-ci-$1"; }

running() { tmux has-session -t "=$(session "$1")" 2>/dev/null; }

# Whether a role is worked by the agent that .agent-env names, and not by the lab's own.
real() { [ -r "$workspace/.agent-env" ] && [ "$1" != watchdog ]; }

start_role() {
  local role=$1 folder=$workspace
  case $role in
    builder) folder=$workspace/cc-ci ;;
    adversary) folder=$workspace/cc-ci-adv ;;
  esac
  if real "$role"; then
    tmux new-session -d -s "$(session "$role")" -x 120 -y 40 -c "$folder" "exec '$plan/bin/real-agent' $role" 2>/dev/null || running "$role"
    return
  fi
  tmux new-session -d -s "$(session "$role")" -c "$folder" \
    "exec '$plan/bin/agent' --role $role --workspace '$workspace' 2>&1 | tee -a '$logs/$role.log'" 2>/dev/null || running "$role"
}

# The agent's own processes, not the shell or tee around them.
agents() { pgrep -u "$(id -u)" -f "bin/agent.mjs --role $1 --workspace $workspace|step $1" || true; }

case ${1:-} in
  start)
    mkdir -p "$logs"
    if [ "${RESUME_PHASE:-0}" != 1 ] || [ ! -s "$logs/.phase-idx" ]; then echo 0 >"$logs/.phase-idx"; fi
    rm -f "$logs/stopped"
    for role in "${roles[@]}"; do running "$role" || start_role "$role"; done
    ;;
  revive)
    [ ! -e "$logs/stopped" ] || exit 0
    for role in "${roles[@]}"; do running "$role" || start_role "$role"; done
    ;;
  stop)
    touch "$logs/stopped"
    # The watchdog first, or it starts again what is stopped.
    for role in watchdog builder adversary; do
      pids=$(agents "$role")
      # shellcheck disable=SC2086 # one word a process
      [ -z "$pids" ] || kill -TERM $pids 2>/dev/null || true
    done
    for _ in $(seq 1 "${STOP_TENTHS:-100}"); do
      pids=$(agents '(builder|adversary|watchdog)')
      [ -n "$pids" ] || break
      # Again: a revive that was under way may have started one since.
      # shellcheck disable=SC2086 # one word a process
      kill -TERM $pids 2>/dev/null || true
      sleep 0.1
    done
    for role in "${roles[@]}"; do
      # A session ends by itself with its agent, maybe at this very moment.
      if running "$role"; then tmux kill-session -t "=$(session "$role")" || ! running "$role"; fi
    done
    ;;
  status)
    for role in "${roles[@]}"; do
      if running "$role"; then echo "$role running"; else echo "$role stopped"; fi
    done
    echo "phase $(cat "$logs/.phase-idx")"
    ;;
  *)
    echo 'usage: launch.sh start|stop|status|revive' >&2
    exit 2
    ;;
esac
