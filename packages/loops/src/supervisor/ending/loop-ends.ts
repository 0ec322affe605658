import type { LoopConfig } from '../../config/rig-config.ts';
import type { Pane, RigTmux } from '../../tmux/rig-tmux.ts';
import { type AgentSign, signPatterns } from '../../agents/agent-signs.ts';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { LoopState } from '../../state/rig-state.ts';
import { explainExit } from './explain-exit.ts';
import type { KeeperContext } from '../context/keeper-parts.ts';
import { forgetPane, type LoopExit, type LoopRuntime } from '../context/loop-runtime.ts';
import { decideAfterExit } from './after-exit.ts';
import { endedByMemory } from '../../processes/memory-scope.ts';

/** Deals with the end of each run, once: why it was, and what follows. */
export class LoopEnds {
  readonly #context: KeeperContext;

  constructor(context: KeeperContext) {
    this.#context = context;
  }

  /**
   * A loop does not run. If a run of it ended that was not dealt with yet, it is now.
   *
   * @param isHeld what ends while the rig is held was ended on purpose, or will not be missed before the release.
   */
  async see(
    tmux: Pick<RigTmux, 'screen'>,
    loop: LoopConfig,
    pane: Pane | undefined,
    isHeld: () => boolean,
  ): Promise<void> {
    const { store, runtimes } = this.#context;
    const runtime = runtimes.of(loop.name);
    const { run } = store.loop(loop.name);
    const hadRun = runtime.pid !== undefined || pane !== undefined;
    forgetPane(runtime);
    if (!hadRun || run === undefined || runtime.endedRun === run) return;
    runtime.endedRun = run;
    await this.#context.catchUp(loop);
    const isHeard = store.loop(loop.name).heardRun === run;
    const sign = pane === undefined || isHeard ? undefined : await this.#signOn(tmux, loop, pane);
    const exit = await this.#explain(loop, pane, sign, run);
    runtime.lastExit = exit;
    // Hooks do not tell, and one that tells of its end is heard all the same.
    if (pane !== undefined && exit.cause === 'crash') await this.#forgetRefused(tmux, loop, pane, run);
    const { wanted, block } = store.loop(loop.name);
    if (!wanted) return;
    if (sign === undefined && block === undefined && !isHeld()) this.#decide(loop, runtime, exit);
    else await this.#wait(loop, runtime, exit, sign);
  }

  /**
   * Keeps an agent from being started, or disturbed, until its limit is over or a person acts. Told once: one that is
   * blocked already stays as it is, for its screen is read both while it runs and when it has ended. Only a limit that
   * ends later is another one.
   *
   * @param at when the sign was seen or told, in Unix milliseconds.
   */
  async block(loop: LoopConfig, sign: AgentSign, at = Date.now()): Promise<void> {
    const { store, emit } = this.#context;
    const before = store.loop(loop.name).block;
    const isLater =
      sign.kind === 'usage-limit' &&
      before?.reason === sign.kind &&
      sign.until > (before.until ?? 0) + 60_000;
    if (before !== undefined && !isLater) return;
    const { kind: reason, detail } = sign;
    const until = sign.kind === 'usage-limit' ? { until: sign.until } : {};
    store.change(loop.name, { block: { reason, detail, ...until, at } });
    emit({ type: 'blocked', loop: loop.name, reason, detail, ...until });
    if (reason === 'login-expired') emit({ type: 'login-expired', loop: loop.name, detail });
    await store.save();
  }

  /** A session that its agent cannot go on with is none: else the agent would end again at each start. */
  async #forgetRefused(
    tmux: Pick<RigTmux, 'screen'>,
    loop: LoopConfig,
    pane: Pane,
    run: string,
  ): Promise<void> {
    const { store, emit } = this.#context;
    const { session } = store.loop(loop.name);
    const { refusesSession } = adapterOf(loop);
    if (session === undefined || refusesSession === undefined) return;
    if (!refusesSession(await tmux.screen(pane.id), session)) return;
    // A request may have begun another meanwhile.
    if (store.loop(loop.name).session !== session || store.loop(loop.name).run !== run) return;
    store.forgetSession(loop.name);
    const detail =
      `it cannot go on with its session ${session}, so its next start begins a new one; ` +
      'was its cwd or its HOME changed, or its transcript moved?';
    emit({ type: 'escalated', loop: loop.name, detail });
  }

  async #signOn(tmux: Pick<RigTmux, 'screen'>, loop: LoopConfig, pane: Pane): Promise<AgentSign | undefined> {
    return adapterOf(loop).readScreen(
      await tmux.screen(pane.id),
      loop,
      signPatterns(this.#context.config),
      Date.now(),
    ).sign;
  }

  async #explain(
    loop: LoopConfig,
    pane: Pane | undefined,
    sign: AgentSign | undefined,
    run: string,
  ): Promise<LoopExit> {
    const { config, scopes } = this.#context;
    const byMemory = pane?.exitSignal === 9 && (await endedByMemory(config.rig, loop, run, scopes.manager));
    return {
      exitCode: pane?.exitCode,
      signal: pane?.exitSignal,
      cause: explainExit(pane, sign, byMemory),
      at: Date.now(),
    };
  }

  /** Nothing is paid and nothing begins by itself: it is blocked, or the rig is held. */
  async #wait(
    loop: LoopConfig,
    runtime: LoopRuntime,
    exit: LoopExit,
    sign: AgentSign | undefined,
  ): Promise<void> {
    this.#context.emit({ type: 'exited', loop: loop.name, ...exit });
    runtime.nextStartAt = 0;
    if (sign !== undefined) await this.block(loop, sign);
  }

  #decide(loop: LoopConfig, runtime: LoopRuntime, exit: LoopExit): void {
    const { store, emit, ownership, background } = this.#context;
    const state = store.loop(loop.name);
    const {
      restartInMs,
      recentRestarts,
      escalate: detail,
    } = decideAfterExit(
      loop,
      { recentRestarts: state.recentRestarts, ranFor: ranFor(state, runtime, exit) },
      exit.cause,
    );
    emit({
      type: 'exited',
      loop: loop.name,
      ...exit,
      restartInMs,
    });
    if (restartInMs === undefined) delete runtime.nextStartAt;
    else runtime.nextStartAt = performance.now() + restartInMs;
    store.change(loop.name, {
      restarts: state.restarts + (restartInMs === undefined ? 0 : 1),
      recentRestarts,
      ...(detail === undefined ? {} : { block: { reason: 'escalated', detail } }),
    });
    if (detail !== undefined) emit({ type: 'escalated', loop: loop.name, detail });
    if (ownership.isStale) background.run(() => ownership.ask());
    background.run(() => store.save());
  }
}

/** Milliseconds. A clock that was set back makes no run shorter than this supervisor has seen it run. */
function ranFor({ startedAt }: LoopState, { since }: LoopRuntime, { at }: LoopExit): number {
  return Math.max(at - (startedAt ?? at), since === undefined ? 0 : performance.now() - since);
}
