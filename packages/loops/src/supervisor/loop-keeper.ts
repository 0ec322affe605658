import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Background } from '../background.ts';
import type { LoopConfig, RigConfig } from '../config/rig-config.ts';
import { endProcess } from '../end-process.ts';
import { LoopsError } from '../errors.ts';
import type { RigEventBody } from '../events.ts';
import type { LoopState } from '../state/rig-state.ts';
import type { Pane, RigTmux } from '../tmux/rig-tmux.ts';
import { type AgentSign, findAgentSign } from './agent-signs.ts';
import { endAgent } from './end-agent.ts';
import { explainExit } from './explain-exit.ts';
import { availableMemory } from './free-memory.ts';
import { loopStart } from './loop-command.ts';
import { decideAfterExit, type LoopRuntime } from './loop-runtime.ts';
import { endedByMemory, type ScopeManager } from './memory-scope.ts';
import type { Hold, OwnershipWatch } from './ownership-watch.ts';
import { isAlive, isZombie, reapRuns } from './reap.ts';
import type { RigStore } from './rig-store.ts';
import type { TmuxLink } from './tmux-link.ts';

/** How long a process may be gone while its terminal is still held open, before it counts as ended; milliseconds. */
const heldTerminal = 200;
/** Until another look when memory is short, or tmux failed, in milliseconds. */
const memoryPause = 5000;
const retryPause = 100;
/** How many processes are looked at for zombies at a time. */
const zombieShare = 10;

export interface KeeperParts {
  readonly config: RigConfig;
  readonly store: RigStore;
  readonly ownership: OwnershipWatch;
  readonly link: TmuxLink;
  readonly scope: ScopeManager;
  readonly signal: AbortSignal;
  readonly emit: (event: RigEventBody) => void;
  readonly background: Background;
  /** Called when an agent was started anew, so that its prompt can be typed. */
  readonly onStarted: (loop: LoopConfig, state: LoopState & { readonly run: string }) => void;
}

/**
 * Brings the loops that run to those that are wanted, round by round. A round happens when tmux, a timer or a
 * request asks for it; none happens while nothing does.
 */
export class LoopKeeper {
  /** No loop is started while this is set; what runs goes on. */
  held = false;
  readonly #parts: KeeperParts;
  readonly #runtimes = new Map<string, LoopRuntime>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #rounds: Promise<void> | undefined;
  #again = false;
  #lastStartAt = 0;
  #firstRound = true;
  #nextZombie = 0;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Why no loop may start now. */
  get hold(): Hold | undefined {
    if (this.held || this.#parts.store.quiesced) {
      return { reason: 'quiesced', detail: 'the rig was quiesced; loops start releases it' };
    }
    return this.#parts.ownership.hold;
  }

  runtime(name: string): LoopRuntime {
    let runtime = this.#runtimes.get(name);
    if (runtime === undefined) this.#runtimes.set(name, (runtime = { ready: false }));
    return runtime;
  }

  /** One more round, now or after the one that is under way. */
  async reconcile(): Promise<void> {
    if (this.#parts.signal.aborted) return;
    this.#again = true;
    this.#rounds ??= this.#runRounds().finally(() => {
      this.#rounds = undefined;
    });
    return this.#rounds;
  }

  /** No further rounds; the one under way is waited for. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#rounds;
  }

  /** Ends an agent, its session, and whatever of it outlives its terminal. */
  async stop(loop: LoopConfig, reason: string): Promise<void> {
    const { link, store, config, emit } = this.#parts;
    const runtime = this.runtime(loop.name);
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
      this.#forgetPane(runtime);
      runtime.nextStartAt = 0;
      emit({ event: 'stopped', loop: loop.name, reason });
    } catch (error) {
      // The server went away meanwhile, and the agent with it: the next round sees that.
      if (!(error instanceof LoopsError)) throw error;
    } finally {
      delete runtime.busy;
      this.#reconcileSoon();
    }
  }

  /** Looks for processes that ended while a child still holds their terminal: tmux calls those panes alive. */
  checkLiveness(): void {
    const running = [...this.#runtimes.values()].filter(
      ({ pid, goneSince }) => pid !== undefined && goneSince === undefined,
    );
    // A process that tmux forgot to ask after stays as a zombie. Looking costs more, so a few are looked at each time.
    const some = Array.from(
      { length: Math.min(zombieShare, running.length) },
      () => running[this.#nextZombie++ % running.length],
    );
    const ended = running.some(({ pid }) => pid !== undefined && !isAlive(pid));
    if (ended || some.some((one) => one?.pid !== undefined && isZombie(one.pid))) this.#reconcileSoon();
  }

  #reconcileSoon(): void {
    this.#parts.background.run(() => this.reconcile());
  }

  /** Rounds again after so many milliseconds, or earlier when something else asks for it. */
  wakeIn(milliseconds: number): void {
    const at = performance.now() + Math.max(0, milliseconds);
    if (this.#timer !== undefined && at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#reconcileSoon();
      },
      Math.min(Math.max(0, milliseconds), 3_600_000),
    );
  }

  async #runRounds(): Promise<void> {
    while (this.#again && !this.#parts.signal.aborted) {
      this.#again = false;
      try {
        await this.#round();
      } catch (error) {
        if (!(error instanceof LoopsError) || !error.code.startsWith('TMUX')) throw error;
        this.wakeIn(retryPause);
      }
    }
  }

  async #round(): Promise<void> {
    const { link, config } = this.#parts;
    const tmux = await link.connected();
    if (tmux === undefined) {
      this.wakeIn(retryPause);
      return;
    }
    const panes = new Map((await tmux.panes()).map((pane) => [pane.session, pane]));
    const due: { loop: LoopConfig; pane: Pane | undefined }[] = [];
    for (const loop of config.loops) {
      const pane = panes.get(loop.name);
      if (await this.#shallStart(tmux, loop, pane)) due.push({ loop, pane });
    }
    this.#firstRound = false;
    if (due.length > 0) await this.#startAll(tmux, due);
  }

  /** Sees what became of a loop, stops it when it must not run, and says whether it is to be started now. */
  async #shallStart(tmux: RigTmux, loop: LoopConfig, pane: Pane | undefined): Promise<boolean> {
    const { store, ownership } = this.#parts;
    const runtime = this.runtime(loop.name);
    if (runtime.busy !== undefined) return false;
    delete runtime.waitingFor;
    if (pane !== undefined && isUnexplained(pane) && !this.#isGone(runtime, pane)) {
      // A child that ends right after its start can escape tmux: it asks anew when it hears of one.
      endProcess(pane.serverPid, 'SIGCHLD');
      return false;
    }
    const running = pane !== undefined && !pane.dead && !this.#isGone(runtime, pane);
    if (running) this.#see(loop, runtime, pane);
    else await this.#seeEnd(tmux, loop, runtime, pane);
    const { hold } = this;
    const { wanted } = store.loop(loop.name);
    const mustStop = !wanted || hold?.reason === 'not-owner' || ownership.unknownTooLong;
    if (mustStop && pane !== undefined) {
      const reason = wanted ? (hold?.detail ?? '') : 'it is not wanted';
      this.#parts.background.run(() => this.stop(loop, reason));
    }
    if (running || mustStop) return false;
    if (hold !== undefined) {
      runtime.waitingFor = hold.detail;
      return false;
    }
    return this.#isDue(loop, runtime);
  }

  #see(loop: LoopConfig, runtime: LoopRuntime, pane: Pane): void {
    if (runtime.pid === pane.pid && runtime.paneId === pane.id) return;
    if (this.#firstRound) this.#parts.emit({ event: 'adopted', loop: loop.name, pid: pane.pid });
    runtime.pid = pane.pid;
    runtime.paneId = pane.id;
    if (loop.ready === undefined) this.markReady(loop);
  }

  /** An agent is ready: those that wait for it may start. */
  markReady(loop: LoopConfig): void {
    const runtime = this.runtime(loop.name);
    if (runtime.ready) return;
    runtime.ready = true;
    this.#parts.emit({ event: 'ready', loop: loop.name });
    this.#reconcileSoon();
  }

  /** Deals once with the end of a run: why it was, and what follows. */
  async #seeEnd(
    tmux: RigTmux,
    loop: LoopConfig,
    runtime: LoopRuntime,
    pane: Pane | undefined,
  ): Promise<void> {
    const { store, config, scope, emit, ownership, background } = this.#parts;
    const state = store.loop(loop.name);
    const hadRun = runtime.pid !== undefined || pane !== undefined;
    this.#forgetPane(runtime);
    if (!hadRun || state.run === undefined || runtime.endedRun === state.run) return;
    runtime.endedRun = state.run;
    const sign = pane === undefined ? undefined : await this.#lastSign(tmux, pane);
    const byMemory = pane?.exitSignal === 9 && (await endedByMemory(config.rig, loop, state.run, scope));
    const cause = explainExit(pane, sign, byMemory);
    const now = Date.now();
    runtime.lastExit = {
      ...(pane?.exitCode === undefined ? {} : { exitCode: pane.exitCode }),
      ...(pane?.exitSignal === undefined ? {} : { signal: pane.exitSignal }),
      cause,
      at: now,
    };
    if (!state.wanted) return;
    if (sign !== undefined) {
      emit({ event: 'exited', loop: loop.name, ...runtime.lastExit });
      runtime.nextStartAt = 0;
      // Its screen may have told while it still ran: then the block is there already, and was told about.
      if (store.loop(loop.name).block === undefined) await this.block(loop, sign);
      return;
    }
    if (this.hold !== undefined) {
      // What ends while the rig is held was ended on purpose, or will not be missed before the release.
      emit({ event: 'exited', loop: loop.name, ...runtime.lastExit });
      runtime.nextStartAt = 0;
      return;
    }
    const decision = decideAfterExit(loop, state, cause, now);
    const restart = decision.restartInMs === undefined ? {} : { restartInMs: decision.restartInMs };
    emit({ event: 'exited', loop: loop.name, ...runtime.lastExit, ...restart });
    if (decision.restartInMs === undefined) delete runtime.nextStartAt;
    else runtime.nextStartAt = now + decision.restartInMs;
    const detail = decision.escalate;
    store.setLoop(loop.name, {
      ...state,
      restarts: state.restarts + (decision.restartInMs === undefined ? 0 : 1),
      recentRestarts: decision.recentRestarts,
      ...(detail === undefined ? {} : { block: { reason: 'escalated', detail } }),
    });
    if (detail !== undefined) emit({ event: 'escalated', loop: loop.name, detail });
    if (ownership.isStale) background.run(() => ownership.ask());
    background.run(() => store.save());
  }

  /** Keeps an agent from being started, or disturbed, until its limit is over or a person acts. Told once. */
  async block(loop: LoopConfig, sign: AgentSign): Promise<void> {
    const { store, emit } = this.#parts;
    const { kind: reason, detail } = sign;
    const until = sign.kind === 'usage-limit' ? { until: sign.until } : {};
    store.setLoop(loop.name, { ...store.loop(loop.name), block: { reason, detail, ...until } });
    emit({ event: 'blocked', loop: loop.name, reason, detail, ...until });
    if (reason === 'login-expired') emit({ event: 'login-expired', loop: loop.name, detail });
    await store.save();
  }

  async #lastSign(tmux: RigTmux, pane: Pane): Promise<AgentSign | undefined> {
    const { limitPatterns, loginPatterns } = this.#parts.config;
    const more = {
      limit: limitPatterns.map((pattern) => new RegExp(pattern, 'i')),
      login: loginPatterns.map((pattern) => new RegExp(pattern, 'i')),
    };
    return findAgentSign(await tmux.screen(pane.id), more, Date.now());
  }

  #isDue(loop: LoopConfig, runtime: LoopRuntime): boolean {
    const { store, emit, config } = this.#parts;
    const state = store.loop(loop.name);
    const now = Date.now();
    if (state.block !== undefined) {
      const { until, detail, reason } = state.block;
      if (until === undefined || until > now) {
        runtime.waitingFor = detail;
        if (until !== undefined) this.wakeIn(until - now);
        return false;
      }
      store.unblock(loop.name);
      emit({ event: 'unblocked', loop: loop.name, reason: `the ${reason} is over` });
    }
    if (runtime.nextStartAt !== undefined && runtime.nextStartAt > now) {
      this.wakeIn(runtime.nextStartAt - now);
      return false;
    }
    // It ended, and its policy is to leave it so.
    const ended = runtime.lastExit !== undefined && runtime.endedRun === state.run;
    if (ended && runtime.nextStartAt === undefined) return false;
    const missing = loop.after.find((other) => !this.runtime(other).ready);
    if (missing !== undefined) {
      runtime.waitingFor = `waits for ${missing}`;
      return false;
    }
    const stagger = this.#lastStartAt + config.stagger - now;
    if (config.stagger > 0 && stagger > 0) {
      runtime.waitingFor = 'waits for its turn';
      this.wakeIn(stagger);
      return false;
    }
    this.#lastStartAt = now;
    return true;
  }

  async #startAll(
    tmux: RigTmux,
    due: readonly { loop: LoopConfig; pane: Pane | undefined }[],
  ): Promise<void> {
    const { ownership, store } = this.#parts;
    if (ownership.isStale) {
      await ownership.ask();
      this.#again = true;
      return;
    }
    if (await this.#memoryIsShort(due.map(({ loop }) => loop))) return;
    await reapRuns(due.flatMap(({ loop }) => store.loop(loop.name).run ?? []));
    const starts = due.map(({ loop, pane }) => {
      const before = store.loop(loop.name);
      const session = before.session ?? randomUUID();
      const state = { ...before, run: randomUUID(), startedAt: Date.now(), session };
      store.setLoop(loop.name, state);
      return { loop, pane, state };
    });
    // What is started must be known before it is: else a crash in between leaves it without a name.
    await store.save();
    await Promise.all(starts.map(({ loop, pane, state }) => this.#start(tmux, loop, pane, state)));
    this.#parts.background.run(() => store.save());
  }

  async #memoryIsShort(loops: readonly LoopConfig[]): Promise<boolean> {
    const { memoryFloor } = this.#parts.config;
    if (memoryFloor === 0) return false;
    const available = await availableMemory();
    if (available >= memoryFloor) return false;
    const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
    const why = `${mib(available)} MiB of memory are available, the floor is ${mib(memoryFloor)} MiB`;
    for (const { name } of loops) this.runtime(name).waitingFor = why;
    this.wakeIn(memoryPause);
    return true;
  }

  async #start(
    tmux: RigTmux,
    loop: LoopConfig,
    pane: Pane | undefined,
    state: LoopState & { readonly session: string; readonly run: string },
  ): Promise<void> {
    const { config, store, scope, emit, onStarted } = this.#parts;
    const runtime = this.runtime(loop.name);
    runtime.busy = 'starting';
    runtime.ready = false;
    try {
      const index = store.phaseIndex;
      const plan = config.phases?.plans[index];
      const phase = plan === undefined ? { index } : { index, plan };
      const start = await loopStart(config, loop, state, phase, state.run, scope);
      if (pane === undefined) await tmux.create(start);
      else await tmux.respawn(pane.id, start, true);
      delete runtime.nextStartAt;
      delete runtime.goneSince;
      store.setLoop(loop.name, { ...store.loop(loop.name), begun: true });
      const reason = runtime.lastExit === undefined ? 'it is wanted' : `it ended (${runtime.lastExit.cause})`;
      emit({ event: 'started', loop: loop.name, run: state.run, reason });
      onStarted(loop, state);
    } catch (error) {
      this.#startFailed(loop, runtime, state, error);
    } finally {
      delete runtime.busy;
      this.#again = true;
    }
  }

  #startFailed(loop: LoopConfig, runtime: LoopRuntime, state: LoopState, error: unknown): void {
    if (error instanceof LoopsError && error.code === 'TMUX_LOST') return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.emit({ event: 'start-failed', loop: loop.name, reason });
    const decision = decideAfterExit(loop, state, 'crash', Date.now());
    runtime.nextStartAt = Date.now() + (decision.restartInMs ?? loop.restart.maxDelay);
    runtime.waitingFor = reason;
    const { store } = this.#parts;
    store.setLoop(loop.name, { ...store.loop(loop.name), recentRestarts: decision.recentRestarts });
  }

  /** Whether a process ended some time ago, and the state of its pane will say no more about it. */
  #isGone(runtime: LoopRuntime, pane: Pane): boolean {
    if (!pane.dead && isAlive(pane.pid)) {
      delete runtime.goneSince;
      return false;
    }
    runtime.goneSince ??= performance.now();
    const patience = heldTerminal - (performance.now() - runtime.goneSince);
    if (patience > 0) this.wakeIn(patience);
    return patience <= 0;
  }

  #forgetPane(runtime: LoopRuntime): void {
    delete runtime.pid;
    delete runtime.paneId;
    runtime.ready = false;
  }
}

/** The terminal is closed, and tmux has not yet been told how its process ended. */
function isUnexplained({ dead, exitCode, exitSignal }: Pane): boolean {
  return dead && exitCode === undefined && exitSignal === undefined;
}
