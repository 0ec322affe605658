import { setTimeout as delay } from 'node:timers/promises';
import type { LoopConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import { endAgent } from './end-agent.ts';
import type { KeeperContext } from './keeper-parts.ts';
import { forgetPane } from './loop-runtime.ts';
import { reapRuns } from './reap.ts';

/**
 * Ends an agent, its session, and whatever of it outlives its terminal. Who asks while that is under way waits for the
 * same end.
 */
export async function stopLoop(context: KeeperContext, loop: LoopConfig, reason: string): Promise<void> {
  const { runtimes, rounds } = context;
  const runtime = runtimes.of(loop.name);
  while (runtime.busy === 'starting') await delay(10);
  if (runtime.stopping === undefined) {
    runtime.busy = 'stopping';
    runtime.stopping = endRun(context, loop, reason).finally(() => {
      delete runtime.busy;
      delete runtime.stopping;
      rounds.soon();
    });
  }
  return runtime.stopping;
}

async function endRun(context: KeeperContext, loop: LoopConfig, reason: string): Promise<void> {
  const { link, store, config, emit, runtimes } = context;
  const runtime = runtimes.of(loop.name);
  const tmux = link.current;
  if (tmux === undefined) return;
  try {
    const pane = (await tmux.panes()).find(({ session }) => session === loop.name);
    if (pane === undefined) return;
    if (!pane.dead) await endAgent(tmux, pane, config.stopGrace);
    await tmux.kill(loop.name);
    const { run } = store.loop(loop.name);
    if (run !== undefined) {
      runtime.endedRun = run;
      await reapRuns([run]);
    }
    forgetPane(runtime);
    runtime.nextStartAt = 0;
    emit({ event: 'stopped', loop: loop.name, reason });
  } catch (error) {
    // The server went away meanwhile, and the agent with it: the next round sees that.
    if (!(error instanceof LoopsError)) throw error;
  }
}
