import { setTimeout as delay } from 'node:timers/promises';
import type { LoopConfig } from '../../config/rig-config.ts';
import { LoopsError } from '../../errors.ts';
import type { RigTmux } from '../../tmux/rig-tmux.ts';
import { endAgent } from './end-agent.ts';
import { keepWork } from './keep-work.ts';
import type { KeeperContext } from '../context/keeper-parts.ts';
import { forgetPane } from '../context/loop-runtime.ts';
import { endScope } from '../../processes/memory-scope.ts';
import { reapDetached } from '../../processes/reap-detached.ts';
import { reapRuns } from '../../processes/reap-runs.ts';

export interface StopOptions {
  /** End only the agent's pane, since it starts again, and not the loop's whole session. */
  readonly only?: 'agent' | undefined;
  /** Milliseconds between TERM and KILL. Default: the rig's `stopGrace`. */
  readonly grace?: number | undefined;
  /** `false`: the caller itself keeps what its clone alone holds. */
  readonly keep?: false | undefined;
}

/** How often the end is tried, and how long after a failure, in milliseconds. */
const attempts = 3;
const pause = 100;

/**
 * Ends an agent, its session, and whatever of it outlives its terminal. Who asks while that is under way waits for the
 * same end, and then for that of what an end of the agent alone leaves.
 *
 * @throws {LoopsError} `TMUX_LOST`, `TMUX_FAILED`: there is a server, and it cannot be asked.
 */
export async function stopLoop(
  context: KeeperContext,
  loop: LoopConfig,
  reason: string,
  options: StopOptions,
): Promise<void> {
  const { runtimes, rounds } = context;
  const runtime = runtimes.of(loop.name);
  while (runtime.busy === 'starting') await delay(10);
  if (runtime.stopping !== undefined && runtime.endsOnly !== undefined && options.only === undefined) {
    await runtime.stopping;
    return stopLoop(context, loop, reason, options);
  }
  if (runtime.stopping === undefined) {
    runtime.busy = 'stopping';
    runtime.endsOnly = options.only;
    runtime.stopping = endRun(context, loop, reason, options).finally(() => {
      delete runtime.busy;
      delete runtime.stopping;
      delete runtime.endsOnly;
      rounds.soon();
    });
  }
  return runtime.stopping;
}

async function endRun(
  context: KeeperContext,
  loop: LoopConfig,
  reason: string,
  options: StopOptions,
): Promise<void> {
  const { link } = context;
  for (let attempt = 1; ; attempt += 1) {
    let tmux: RigTmux | undefined;
    try {
      tmux = await link.existing();
      await endEverything(context, tmux, loop, reason, options);
      return;
    } catch (error) {
      // Its session went away meanwhile, the server did, or only the connection to it: what is left is looked for again.
      if (!(error instanceof LoopsError) || attempt === attempts) throw error;
      if (error.code === 'TMUX_LOST') await tmux?.closed;
      await delay(pause);
    }
  }
}

/** Where there is no server, something of the agent may have outlived it. */
async function endEverything(
  context: KeeperContext,
  tmux: RigTmux | undefined,
  loop: LoopConfig,
  reason: string,
  options: StopOptions,
): Promise<void> {
  const { store, config, scopes, emit, runtimes } = context;
  const runtime = runtimes.of(loop.name);
  const panes = (await tmux?.panes()) ?? [];
  const pane = panes.find((one) => one.loop === loop.name);
  if (tmux !== undefined && pane !== undefined) {
    if (!pane.dead) await endAgent(tmux, pane, options.grace ?? config.stopGrace);
    await tmux.killPane(pane.id);
  }
  if (options.only === undefined) await tmux?.killSession(loop.name);
  const { run } = store.loop(loop.name);
  if (run !== undefined) runtime.endedRun = run;
  if (run !== undefined) await endScope(config.rig, loop.name, run, scopes.manager);
  const reaped = await reapRuns(run === undefined ? [] : [run]);
  if (options.only === undefined && loop.clone !== undefined) {
    const others = panes.filter((one) => one !== pane && !one.dead).map(({ pid }) => pid);
    reaped.push(...(await reapDetached(loop.clone, others)));
  }
  const ran = pane !== undefined || runtime.pid !== undefined || reaped.length > 0;
  forgetPane(runtime);
  runtime.nextStartAt = 0;
  if (!ran) return;
  emit({ type: 'stopped', loop: loop.name, reason });
  if (options.keep === undefined && (await keepWork(context, loop)) === undefined && run !== undefined)
    runtime.keptRun = run;
}
