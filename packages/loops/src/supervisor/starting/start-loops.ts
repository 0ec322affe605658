import { randomUUID } from 'node:crypto';
import { localHost } from '@cutover/host';
import type { LoopConfig } from '../../config/rig-config.ts';
import { LoopsError } from '../../errors.ts';
import { installPushHook } from '../../ownership/push-hook.ts';
import type { LoopState } from '../../state/rig-state.ts';
import type { Pane, RigTmux } from '../../tmux/rig-tmux.ts';
import type { KeeperContext } from '../context/keeper-parts.ts';
import { loopStart } from './loop-command.ts';
import { startFingerprint } from '../reloading/compare-configs.ts';
import { requireFolders } from './require-folders.ts';
import { decideAfterExit } from '../ending/after-exit.ts';
import { endScope, hasLimits } from '../../processes/memory-scope.ts';
import { reapRuns } from '../../processes/reap-runs.ts';

/** A loop whose turn to start has come, with the pane that its last agent left. */
export interface DueLoop {
  readonly loop: LoopConfig;
  readonly pane: Pane | undefined;
}

type StartedState = LoopState & { readonly session: string; readonly run: string };

/** Starts loops, all at once; what their last runs left behind is ended first. */
export async function startLoops(
  context: KeeperContext,
  tmux: RigTmux,
  due: readonly DueLoop[],
): Promise<void> {
  const { config, scopes, store, runtimes, rounds, background } = context;
  const before = due.flatMap(({ loop: { name } }) => {
    const { run } = store.loop(name);
    return run === undefined ? [] : [{ name, run }];
  });
  const starts = due.map((one) => ({ one, state: beginRun(context, one.loop) }));
  try {
    const scope = await scopes.find();
    await Promise.all(before.map(({ name, run }) => endScope(config.rig, name, run, scope)));
    await reapRuns(before.map(({ run }) => run));
    // What is started must be known before it is: else a crash in between leaves it without a name.
    await store.save();
    await Promise.all(starts.map(({ one, state }) => startLoop(context, tmux, one, state)));
  } finally {
    for (const { loop } of due) delete runtimes.of(loop.name).busy;
    rounds.again();
  }
  background.run(() => store.save());
}

/** From here on each stop of the loop waits for its start, so that no stop comes too early for it. */
function beginRun({ store, runtimes, config }: KeeperContext, loop: LoopConfig): StartedState {
  const { name } = loop;
  const runtime = runtimes.of(name);
  runtime.busy = 'starting';
  runtime.ready = false;
  const before = store.loop(name);
  const session = before.session ?? randomUUID();
  const startedAs = startFingerprint(config, loop);
  const begun = { run: randomUUID(), startedAt: Date.now(), startedAs, session };
  store.change(name, begun);
  return { ...before, ...begun };
}

async function startLoop(
  context: KeeperContext,
  tmux: RigTmux,
  { loop, pane }: DueLoop,
  state: StartedState,
): Promise<void> {
  const { config, store, scopes, emit, onStarted, runtimes, ownership } = context;
  const runtime = runtimes.of(loop.name);
  try {
    await requireFolders(config, loop);
    const index = store.phaseIndex;
    const plan = config.phases?.plans[index];
    const phase = plan === undefined ? { index } : { index, plan };
    const scope = scopes.manager;
    const start = await loopStart(config, loop, state, phase, state.run, scope);
    store.change(loop.name, { unlimited: scope === 'none' && hasLimits(loop) ? true : undefined });
    if (config.ownership !== undefined && loop.clone !== undefined)
      await installPushHook(localHost(), config, loop.clone);
    // The lease may have run out while this process was stopped, between the decision and here.
    if (ownership.hold !== undefined) {
      runtime.nextStartAt = 0;
      return;
    }
    if (pane === undefined) await tmux.create(start);
    else await tmux.respawn(pane.id, start, true);
    delete runtime.nextStartAt;
    delete runtime.ending;
    delete runtime.startProblem;
    // A session that was forgotten meanwhile is none to resume.
    if (store.loop(loop.name).session === state.session) store.change(loop.name, { begun: true });
    const reason = runtime.lastExit === undefined ? 'it is wanted' : `it ended (${runtime.lastExit.cause})`;
    emit({ type: 'started', loop: loop.name, run: state.run, reason });
    onStarted(loop, state);
  } catch (error) {
    noteFailure(context, loop, error);
  }
}

/** A start that failed is tried again, later each time; one that was lost with the server, as soon as there is another. */
function noteFailure({ store, emit, runtimes }: KeeperContext, loop: LoopConfig, error: unknown): void {
  if (error instanceof LoopsError && error.code === 'TMUX_LOST') return;
  const reason = error instanceof Error ? error.message : String(error);
  emit({ type: 'start-failed', loop: loop.name, reason });
  const decision = decideAfterExit(loop, store.loop(loop.name), 'crash', Date.now());
  const runtime = runtimes.of(loop.name);
  runtime.nextStartAt = performance.now() + (decision.restartInMs ?? loop.restart.maxDelay);
  runtime.startProblem = reason;
  store.change(loop.name, { recentRestarts: decision.recentRestarts });
}
