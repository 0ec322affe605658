import { endScope } from '../../processes/memory-scope.ts';
import { reapRuns } from '../../processes/reap-runs.ts';
import type { Pane, RigTmux } from '../../tmux/rig-tmux.ts';
import type { KeeperContext } from '../context/keeper-parts.ts';
import { endAgent } from './end-agent.ts';

/** Ends an agent of a loop that is not in the config any more, its session, and whatever of it outlives its terminal. */
export async function stopOrphan(
  { config, scopes, emit }: Pick<KeeperContext, 'config' | 'scopes' | 'emit'>,
  tmux: RigTmux,
  pane: Pane,
  reason: string,
  grace: number = config.stopGrace,
): Promise<void> {
  if (!pane.dead) await endAgent(tmux, pane, grace);
  await tmux.killSession(pane.loop);
  if (pane.run !== undefined) {
    await endScope(config.rig, pane.loop, pane.run, scopes.manager);
    await reapRuns([pane.run]);
  }
  emit({ type: 'stopped', loop: pane.loop, reason });
}
