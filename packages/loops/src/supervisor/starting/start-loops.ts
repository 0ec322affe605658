import { randomUUID } from 'node:crypto';
import { localHost } from '@cutover/host';
import type { LoopConfig } from '../../config/rig-config.ts';
import { LoopsError } from '../../errors.ts';
import { installPushHook } from '../../ownership/push-hook.ts';
import type { LoopState } from '../../state/rig-state.ts';
import type { Pane, RigTmux } from '../../tmux/rig-tmux.ts';
import type { KeeperContext } from '../context/keeper-parts.ts';
import { type CurrentPhase, loopEnvironment, loopStart } from './loop-command.ts';
import { type PreparedStart, prepareStart } from './prepare-start.ts';
import { startFingerprint } from '../reloading/compare-configs.ts';
import { requireFolders } from './require-folders.ts';
import { decideAfterExit } from '../ending/after-exit.ts';
import { keepWork } from '../ending/keep-work.ts';
import { endScope, hasLimits } from '../../processes/memory-scope.ts';
import { reapRuns } from '../../processes/reap-runs.ts';

/** A loop whose turn to start has come, with the pane that its last agent left. */
export interface DueLoop {
  readonly loop: LoopConfig;
  readonly pane: Pane | undefined;
}

/** A start under way: what it is made of is known once it was prepared. */
interface Start extends DueLoop {
  readonly before: LoopState;
  readonly run: string;
  readonly phase: CurrentPhase;
}

interface Prepared {
  readonly start: Start;
  readonly made: PreparedStart;
  readonly environment: Readonly<Record<string, string>>;
}

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
  const starts = due.map((one) => beginRun(context, one));
  try {
    const scope = await scopes.find();
    await Promise.all(before.map(({ name, run }) => endScope(config.rig, name, run, scope)));
    await reapRuns(before.map(({ run }) => run));
    const prepared = (await Promise.all(starts.map((start) => prepare(context, start)))).flat();
    // What is started must be known before it is: else a crash in between leaves it without a name.
    await store.save();
    await Promise.all(prepared.map((one) => startLoop(context, tmux, one)));
  } finally {
    for (const { loop } of due) delete runtimes.of(loop.name).busy;
    rounds.again();
  }
  background.run(() => store.save());
}

/** From here on each stop of the loop waits for its start, so that no stop comes too early for it. */
function beginRun({ config, store, runtimes, onBegun }: KeeperContext, due: DueLoop): Start {
  const { name } = due.loop;
  const runtime = runtimes.of(name);
  runtime.busy = 'starting';
  runtime.ready = false;
  delete runtime.since;
  const before = store.loop(name);
  const run = randomUUID();
  store.forgetPending(name);
  onBegun(due.loop);
  store.change(name, { run, startedAt: Date.now(), startedAs: startFingerprint(config, due.loop) });
  const index = store.phaseIndex;
  return { ...due, before, run, phase: { index, plan: config.phases?.plans[index] } };
}

/** Chooses the session of a start; one that fails here has failed. */
async function prepare(context: KeeperContext, start: Start): Promise<Prepared[]> {
  const { config, store, scopes } = context;
  const { loop, before, phase, run } = start;
  try {
    await requireFolders(config, loop);
    const environment = await loopEnvironment(config, loop, phase, run, scopes.manager);
    const made = await prepareStart(config, loop, before, environment);
    const { session } = made.choice;
    if (session !== before.session) await requireKept(context, start);
    if (session !== before.session) store.forgetSession(loop.name);
    store.change(loop.name, { session });
    if (made.pending !== undefined) store.change(loop.name, { pending: made.pending });
    return [{ start, made, environment }];
  } catch (error) {
    noteFailure(context, loop, error);
    return [];
  }
}

/** A new session knows nothing of what the one before left in the clone, and may clean it. */
async function requireKept(context: KeeperContext, { loop, before }: Start): Promise<void> {
  if (before.run !== undefined && context.runtimes.of(loop.name).keptRun === before.run) return;
  const problem = await keepWork(context, loop);
  if (problem !== undefined)
    throw new LoopsError('SALVAGE_FAILED', `no new session begins there before that is fixed: ${problem}`);
}

async function startLoop(
  context: KeeperContext,
  tmux: RigTmux,
  { start: { loop, pane, run, phase }, made, environment }: Prepared,
): Promise<void> {
  const { config, store, scopes, emit, onStarted, runtimes, ownership } = context;
  const runtime = runtimes.of(loop.name);
  try {
    const scope = scopes.manager;
    const start = await loopStart(config, loop, made, phase, run, scope, environment);
    store.change(loop.name, { unlimited: scope === 'none' && hasLimits(loop) ? true : undefined });
    if (config.ownership !== undefined && loop.clone !== undefined)
      await installPushHook(localHost(), config, loop.clone);
    // The lease may have run out while this process was stopped, between the decision and here.
    if (ownership.hold !== undefined) {
      runtime.nextStartAt = 0;
      return;
    }
    if (pane === undefined) await tmux.create(start);
    else await tmux.respawn(pane, start, true);
    delete runtime.nextStartAt;
    delete runtime.ending;
    delete runtime.startProblem;
    runtime.begunRun = run;
    // A session that was forgotten meanwhile is none to resume.
    if (store.loop(loop.name).session === made.choice.session) store.change(loop.name, { begun: true });
    const reason = runtime.lastExit === undefined ? 'it is wanted' : `it ended (${runtime.lastExit.cause})`;
    emit({ type: 'started', loop: loop.name, run, reason });
    if (made.pending !== undefined) onStarted(loop, run, made.pending);
  } catch (error) {
    noteFailure(context, loop, error);
  }
}

/** A start that failed is tried again, later each time; one that was lost with the server, as soon as there is another. */
function noteFailure({ store, emit, runtimes }: KeeperContext, loop: LoopConfig, error: unknown): void {
  if (error instanceof LoopsError && error.code === 'TMUX_LOST') return;
  const reason = error instanceof Error ? error.message : String(error);
  emit({ type: 'start-failed', loop: loop.name, reason });
  const { recentRestarts } = store.loop(loop.name);
  const decision = decideAfterExit(loop, { recentRestarts, ranFor: 0 }, 'crash');
  const runtime = runtimes.of(loop.name);
  runtime.nextStartAt = performance.now() + (decision.restartInMs ?? loop.restart.maxDelay);
  runtime.startProblem = reason;
  store.change(loop.name, { recentRestarts: decision.recentRestarts });
}
