import type { Machine } from './machine.ts';

/**
 * Waits until the target has ended what it was about: none of our scripts runs on it, every deploy that was armed has an
 * outcome, and nobody holds the lock. No client is asked.
 */
export async function settle(machine: Machine): Promise<void> {
  await machine.sh(`
    cd /var/lib/nix-deploy
    ended() {
      for deploy in deploys/*; do [ ! -s "$deploy/armed" ] || [ -s "$deploy/outcome" ] || return 1; done
    }
    i=0
    until
      ! pgrep -f 'nix-deploy-([s]tart|[d]ecide)|/supervisor ([r]un|[r]ecover)' > /dev/null &&
      ended && flock --nonblock session.lock true
    do
      i=$((i + 1)); [ "$i" -lt 200 ] || { systemctl status --no-pager 'nix-deploy-*' >&2; exit 1; }
      sleep 0.15
    done`);
}
