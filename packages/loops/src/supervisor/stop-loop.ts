import { setTimeout as delay } from 'node:timers/promises';
import type { LoopConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import { endAgent } from './end-agent.ts';
import type { KeeperContext } from './keeper-parts.ts';
import { forgetPane } from './loop-runtime.ts';
import { reapRuns } from './reap.ts';

/** Ends an agent, its session, and whatever of it outlives its terminal. */
export async function stopLoop(context: KeeperContext, loop: LoopConfig, reason: string): Promise<void> {
  const { link, store, config, emit, runtimes, rounds } = context;
  const runtime = runtimes.of(loop.name);
  while (runtime.busy === 'starting') await delay(10);
  const tmux = link.current;
  if (runtime.busy !== undefined || tmux === undefined) return;
  runtime.busy = 'stopping';
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
  } finally {
    delete runtime.busy;
    rounds.soon();
  }
}
