import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { replaceFile } from '../atomic-file.ts';
import { bootIdentity } from '../boot-identity.ts';
import { type LoopConfig, type RigConfig, tmuxSocket } from '../config/rig-config.ts';
import type { LoopStatus, RigStatus } from '../control/status.ts';
import { LoopsError, RequestRefusedError } from '../errors.ts';
import type { ExitCause, HoldReason, RigEvent, RigEventBody } from '../events.ts';
import { initialState, loopState, planNames } from '../state/initial-state.ts';
import type { LoopState, RigState } from '../state/rig-state.ts';
import { hashPlans, readState, writeState } from '../state/state-store.ts';
import { connectRigTmux, type Pane, type RigTmux } from '../tmux/rig-tmux.ts';
import { listens, spawnTmuxServer } from '../tmux/tmux-server.ts';
import { deliverPrompt } from './deliver-prompt.ts';
import { CleanupStack } from '../cleanup-stack.ts';
import { EventHub } from './event-hub.ts';
import { lockRig } from './exclusive-lock.ts';
import { loopStart, resumes } from './loop-command.ts';
import { decideAfterExit, type LoopRuntime } from './loop-runtime.ts';
import { loggerPath, loggerScript } from './logger.ts';
import { findScopeManager, type ScopeManager } from './memory-scope.ts';
import { type OwnershipView, viewOwnership } from './ownership-monitor.ts';
import { endProcess, isAlive, reapRuns } from './reap.ts';

/** Whether the supervisor starts the tmux server itself, or waits for the unit that does. */
export type TmuxServerMode = 'own' | 'external';

export interface SupervisorOptions {
  /** Default `own`. */
  readonly tmuxServer?: TmuxServerMode;
  readonly onEvent?: (event: RigEvent) => void;
}

/** How old what is known of the ownership may be when a loop is started, in milliseconds. */
const freshOwnership = 2000;
/** How often processes are looked at whose terminals are held open by children, in milliseconds. */
const livenessInterval = 500;

/**
 * Keeps the loops of one rig as they are wanted: starts them, starts them again when they end, stops them, and
 * holds them while this host does not own them. It is woken by tmux, by timers that are due and by requests.
 * Ending it leaves every agent running; the next one adopts them.
 */
export class Supervisor implements AsyncDisposable {
  readonly config: RigConfig;
  readonly events: EventHub;
  readonly #mode: TmuxServerMode;
  readonly #cleanup = new CleanupStack();
  readonly #runtimes = new Map<string, LoopRuntime>();
  readonly #ended = new AbortController();
  readonly #startedAt = Date.now();
  #state: RigState;
  #scope: ScopeManager = 'none';
  #tmux: RigTmux | undefined;
  #ownership: OwnershipView = { state: 'ownership-unknown', detail: 'not asked yet' };
  #ownershipAt = -Infinity;
  #ownershipKnownAt = Date.now();
  #asking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #reconciling: Promise<void> | undefined;
  #again = false;
  #saving: Promise<void> = Promise.resolve();
  #lastStartAt = 0;
  #firstStarts = true;
  #held = false;
  #serverUnwanted = false;

  private constructor(config: RigConfig, state: RigState, options: SupervisorOptions) {
    this.config = config;
    this.#state = state;
    this.#mode = options.tmuxServer ?? 'own';
    if (config.ownership === undefined) this.#ownership = { state: 'unconfigured' };
    this.events = new EventHub(options.onEvent);
  }

  /**
   * Takes charge of a rig: locks it, reads its state, connects to its tmux server and adopts what runs there.
   *
   * @throws {LoopsError} `SUPERVISOR_RUNNING`: another one has charge of it; `STATE_DAMAGED`.
   */
  static async start(config: RigConfig, options: SupervisorOptions = {}): Promise<Supervisor> {
    await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
    await using cleanup = new CleanupStack();
    cleanup.use(await lockRig(config.stateDir));
    await mkdir(config.runtimeDir, { recursive: true, mode: 0o700 });
    await mkdir(config.logDir, { recursive: true });
    await replaceFile(loggerPath(config), loggerScript);
    const known = await readState(config.stateDir);
    const state = known ?? (await initialState(config));
    const supervisor = new Supervisor(config, state, options);
    supervisor.#cleanup.use(cleanup.move());
    const bootId = await bootIdentity();
    supervisor.events.emit({
      event: 'up',
      rig: config.rig,
      pid: process.pid,
      reboot: known !== undefined && known.bootId !== bootId,
    });
    supervisor.#state = { ...state, bootId };
    await supervisor.#save();
    supervisor.#scope = await findScopeManager();
    const liveness = setInterval(() => supervisor.#checkLiveness(), livenessInterval);
    supervisor.#cleanup.defer(() => clearInterval(liveness));
    void supervisor.#watchOwnership();
    await supervisor.reconcile();
    return supervisor;
  }

  /** Settles when the supervisor was told to end. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Brings what runs to what is wanted. Calls during a round lead to one more round. */
  async reconcile(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#again = true;
    this.#reconciling ??= this.#rounds().finally(() => {
      this.#reconciling = undefined;
    });
    return this.#reconciling;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    clearTimeout(this.#timer);
    await this.#reconciling;
    await this.#tmux?.[Symbol.asyncDispose]();
    await this.#saving;
    await this.#cleanup[Symbol.asyncDispose]();
  }

  // Requests

  status(): RigStatus {
    const hold = this.#hold();
    const { phases, rig } = this.config;
    const { phaseIndex } = this.#state;
    const plan = planNames(this.config)[phaseIndex];
    return {
      rig,
      supervisor: { state: 'up', pid: process.pid, since: this.#startedAt },
      server: this.#tmux === undefined ? 'down' : 'up',
      ...(hold === undefined ? {} : { hold: hold.reason, holdDetail: hold.detail }),
      ...(this.#ownership.state === 'owner'
        ? { ownership: { owner: this.#ownership.ownership.owner, epoch: this.#ownership.ownership.epoch } }
        : {}),
      ...(phases === undefined
        ? {}
        : {
            phase: { index: phaseIndex, total: phases.plans.length, ...(plan === undefined ? {} : { plan }) },
          }),
      loops: this.config.loops.map((loop) => this.#loopStatus(loop)),
    };
  }

  /** Makes loops wanted, now and after every reboot, and lifts what blocked them. */
  async want(names: readonly string[]): Promise<void> {
    for (const loop of this.#known(names)) {
      const { block, ...rest } = this.#loopState(loop.name);
      this.#setLoop(loop.name, { ...rest, wanted: true, recentRestarts: 0 });
      const runtime = this.#runtime(loop.name);
      delete runtime.nextStartAt;
      this.events.emit({ event: 'wanted', loop: loop.name, wanted: true });
      if (block !== undefined)
        this.events.emit({ event: 'unblocked', loop: loop.name, reason: 'started by hand' });
    }
    await this.#save();
    await this.reconcile();
  }

  /** Makes loops unwanted, and stops them. */
  async unwant(names: readonly string[]): Promise<void> {
    const loops = this.#known(names);
    for (const { name } of loops) {
      this.#setLoop(name, { ...this.#loopState(name), wanted: false });
      this.events.emit({ event: 'wanted', loop: name, wanted: false });
    }
    await this.#save();
    await Promise.all(loops.map((loop) => this.#stop(loop, 'stopped by hand')));
    await this.reconcile();
  }

  /** Stops loops and starts them again at once. With `fresh` their agents begin a new session. */
  async restart(names: readonly string[], fresh = false): Promise<void> {
    const loops = this.#known(names);
    await Promise.all(loops.map((loop) => this.#stop(loop, 'restarted by hand')));
    if (fresh) for (const { name } of loops) this.#forgetSession(name);
    await this.want(names);
  }

  /** Starts no loop until `release`; with `keep` not after a reboot or a restart either. What runs goes on. */
  async holdStill(keep: boolean): Promise<void> {
    this.#held = true;
    if (!keep) return;
    this.#state = { ...this.#state, quiesced: true };
    await this.#save();
  }

  /** Stops every loop now; which are wanted stays as it is. */
  async stopAll(reason: string): Promise<void> {
    await Promise.all(this.config.loops.map((loop) => this.#stop(loop, reason)));
  }

  async release(): Promise<void> {
    const { quiesced, ...rest } = this.#state;
    this.#state = rest;
    const held = this.#held || quiesced === true;
    this.#held = false;
    if (held) this.events.emit({ event: 'released', reason: 'released by hand' });
    await this.#save();
    await this.reconcile();
  }

  /** Types a prompt into a loop's agent. The same id is delivered at most once. */
  async prompt(name: string, text: Uint8Array, id: string): Promise<boolean> {
    const [loop] = this.#known([name]);
    const state = this.#loopState(name);
    if (state.prompts?.includes(id) === true) return false;
    const pane = (await this.#tmux?.panes())?.find(({ session }) => session === name);
    if (this.#tmux === undefined || pane === undefined || pane.dead || loop === undefined) {
      throw new RequestRefusedError('PROMPT_REFUSED', `${name} is not running; nothing was typed`);
    }
    await deliverPrompt(this.#tmux, pane.id, loop, text, async () => {
      this.#setLoop(name, { ...this.#loopState(name), prompts: [...(state.prompts ?? []), id].slice(-20) });
      await this.#save();
    });
    this.events.emit({ event: 'prompted', loop: name, bytes: text.length, id });
    return true;
  }

  /**
   * Goes on to the next plan phase, exactly once per `from`. Loops with a role start afresh with the new plan.
   *
   * @throws {LoopsError} `ADVANCE_REFUSED`: the rig is in another phase, or its plan list changed.
   */
  async advance(from: number, reason: string, sha?: string): Promise<number> {
    const { phases } = this.config;
    const { phaseIndex, planListHash } = this.#state;
    if (phases === undefined)
      throw new RequestRefusedError('ADVANCE_REFUSED', `${this.config.rig} has no phases`);
    if (phaseIndex === from + 1 && this.#state.passed.at(-1)?.index === from) return phaseIndex;
    if (phaseIndex !== from) {
      throw new RequestRefusedError(
        'ADVANCE_REFUSED',
        `the rig is in phase ${phaseIndex}, not ${from}; nothing was changed`,
      );
    }
    const plan = planNames(this.config)[from];
    if (plan === undefined) throw new RequestRefusedError('ADVANCE_REFUSED', 'all phases are passed');
    if (planListHash !== hashPlans(planNames(this.config))) {
      throw new RequestRefusedError(
        'ADVANCE_REFUSED',
        'the plan list changed since the last advance, so the next phase may not be the one that was meant; ' +
          `confirm where the rig stands with: loops phase set ${from}`,
      );
    }
    await this.#moveTo(from + 1, {
      index: from,
      plan,
      at: Date.now(),
      reason,
      ...(sha === undefined ? {} : { sha }),
    });
    return from + 1;
  }

  /** Puts the rig into a phase by hand, and accepts the plan list as it is. */
  async setPhase(index: number, reason: string): Promise<void> {
    const total = this.config.phases?.plans.length ?? 0;
    if (!Number.isInteger(index) || index < 0 || index > total) {
      throw new RequestRefusedError('ADVANCE_REFUSED', `a phase is a number from 0 to ${total}`);
    }
    await this.#moveTo(index, undefined, reason);
  }

  /** Ends the supervisor. With `stop` every loop and the tmux server end too; they stay wanted. */
  async end(reason: string, stop: boolean): Promise<void> {
    if (stop) {
      this.#held = true;
      await this.stopAll(reason);
      if (this.#mode === 'own') await this.#endServer();
    }
    this.events.emit({ event: 'down', reason });
    this.#ended.abort();
  }

  // Rounds

  async #rounds(): Promise<void> {
    while (this.#again && !this.#ended.signal.aborted) {
      this.#again = false;
      try {
        await this.#round();
      } catch (error) {
        if (!(error instanceof LoopsError) || !error.code.startsWith('TMUX')) throw error;
        this.#wakeIn(100);
      }
    }
  }

  async #round(): Promise<void> {
    const tmux = await this.#connected();
    if (tmux === undefined) {
      this.#wakeIn(50);
      return;
    }
    const panes = new Map((await tmux.panes()).map((pane) => [pane.session, pane]));
    const due: { loop: LoopConfig; pane: Pane | undefined }[] = [];
    for (const loop of this.config.loops) {
      const pane = panes.get(loop.name);
      if (await this.#shallStart(loop, pane)) due.push({ loop, pane });
    }
    if (due.length > 0) await this.#startAll(tmux, due);
    this.#firstStarts = false;
  }

  /** Sees what became of a loop, stops it when it must not run, and says whether it is to be started now. */
  async #shallStart(loop: LoopConfig, pane: Pane | undefined): Promise<boolean> {
    const runtime = this.#runtime(loop.name);
    delete runtime.waitingFor;
    if (runtime.busy !== undefined) return false;
    const running = pane !== undefined && !pane.dead && !this.#isGone(runtime, pane);
    if (running) this.#see(loop, runtime, pane);
    else await this.#seeEnd(loop, runtime, pane);
    const hold = this.#hold();
    const state = this.#loopState(loop.name);
    const mustStop = !state.wanted || hold?.reason === 'not-owner' || this.#unknownTooLong();
    if (mustStop && pane !== undefined)
      void this.#stop(loop, state.wanted ? (hold?.detail ?? '') : 'not wanted');
    if (running || !state.wanted) return false;
    if (hold !== undefined) {
      runtime.waitingFor = hold.detail;
      return false;
    }
    return this.#isDue(loop, runtime, state);
  }

  #isDue(loop: LoopConfig, runtime: LoopRuntime, state: LoopState): boolean {
    const now = Date.now();
    if (state.block !== undefined) {
      if (state.block.until === undefined || state.block.until > now) {
        runtime.waitingFor = state.block.detail;
        if (state.block.until !== undefined) this.#wakeIn(state.block.until - now);
        return false;
      }
      const { block, ...rest } = state;
      this.#setLoop(loop.name, rest);
      this.events.emit({ event: 'unblocked', loop: loop.name, reason: `${block?.reason ?? ''} is over` });
    }
    if (runtime.nextStartAt !== undefined && runtime.nextStartAt > now) {
      this.#wakeIn(runtime.nextStartAt - now);
      return false;
    }
    if (runtime.nextStartAt === undefined && runtime.lastExit !== undefined && runtime.endedRun === state.run)
      return false;
    const missing = loop.after.find((other) => !this.#runtime(other).ready);
    if (missing !== undefined) {
      runtime.waitingFor = `waits for ${missing}`;
      return false;
    }
    const stagger = this.#lastStartAt + this.config.stagger - now;
    if (this.config.stagger > 0 && stagger > 0) {
      this.#wakeIn(stagger);
      return false;
    }
    if (this.config.stagger > 0) this.#lastStartAt = now;
    return true;
  }

  async #startAll(
    tmux: RigTmux,
    due: readonly { loop: LoopConfig; pane: Pane | undefined }[],
  ): Promise<void> {
    if (this.#ownershipIsStale()) {
      void this.#askOwnership();
      return;
    }
    await reapRuns(due.flatMap(({ loop }) => this.#loopState(loop.name).run ?? []));
    const runs = due.map(({ loop, pane }) => {
      const state = { ...this.#loopState(loop.name), run: randomUUID(), startedAt: Date.now() };
      const session = state.session ?? randomUUID();
      this.#setLoop(loop.name, { ...state, session });
      return { loop, pane, state: { ...state, session } };
    });
    await this.#save();
    await Promise.all(runs.map((one) => this.#start(tmux, one.loop, one.pane, one.state)));
    void this.#save();
  }

  async #start(
    tmux: RigTmux,
    loop: LoopConfig,
    pane: Pane | undefined,
    state: LoopState & { session: string; run: string },
  ): Promise<void> {
    const runtime = this.#runtime(loop.name);
    runtime.busy = 'starting';
    runtime.ready = false;
    try {
      const phase = this.#phase();
      const start = await loopStart(this.config, loop, state, phase, state.run, this.#scope);
      if (pane === undefined) await tmux.create(start);
      else await tmux.respawn(pane.id, start, true);
      delete runtime.nextStartAt;
      delete runtime.goneSince;
      this.#setLoop(loop.name, { ...this.#loopState(loop.name), begun: true });
      this.events.emit({
        event: 'started',
        loop: loop.name,
        run: state.run,
        reason: this.#startReason(runtime, state),
      });
      if (loop.prompt?.deliver === 'paste' && !resumes(loop, state)) void this.#pastePrompt(loop, state.run);
    } catch (error) {
      if (error instanceof LoopsError && error.code === 'TMUX_LOST') return;
      const reason = error instanceof Error ? error.message : String(error);
      this.events.emit({ event: 'start-failed', loop: loop.name, reason });
      const decision = decideAfterExit(loop, state, 'crash', Date.now());
      runtime.nextStartAt = Date.now() + (decision.restartInMs ?? loop.restart.maxDelay);
      runtime.waitingFor = reason;
      this.#setLoop(loop.name, { ...this.#loopState(loop.name), recentRestarts: decision.recentRestarts });
    } finally {
      delete runtime.busy;
      this.#again = true;
    }
  }

  #startReason(runtime: LoopRuntime, state: LoopState): string {
    if (runtime.lastExit !== undefined) return `it ended (${runtime.lastExit.cause})`;
    if (state.begun === true) return 'it was wanted before the supervisor came up';
    return 'it is wanted';
  }

  #see(loop: LoopConfig, runtime: LoopRuntime, pane: Pane): void {
    if (runtime.pid === pane.pid && runtime.paneId === pane.id) return;
    if (this.#firstStarts) this.events.emit({ event: 'adopted', loop: loop.name, pid: pane.pid });
    runtime.pid = pane.pid;
    runtime.paneId = pane.id;
    runtime.ready = true;
    this.events.emit({ event: 'ready', loop: loop.name });
    this.#again = true;
  }

  async #seeEnd(loop: LoopConfig, runtime: LoopRuntime, pane: Pane | undefined): Promise<void> {
    const state = this.#loopState(loop.name);
    runtime.ready = false;
    const hadRun = runtime.pid !== undefined || pane !== undefined;
    delete runtime.pid;
    delete runtime.paneId;
    if (!hadRun || state.run === undefined || runtime.endedRun === state.run) return;
    runtime.endedRun = state.run;
    const cause: ExitCause =
      pane === undefined || pane.exitSignal !== undefined || !pane.dead
        ? 'killed'
        : pane.exitCode === 0
          ? 'clean'
          : 'crash';
    const now = Date.now();
    runtime.lastExit = {
      ...(pane?.exitCode === undefined ? {} : { exitCode: pane.exitCode }),
      ...(pane?.exitSignal === undefined ? {} : { signal: pane.exitSignal }),
      cause,
      at: now,
    };
    if (!state.wanted) return;
    const decision = decideAfterExit(loop, state, cause, now);
    const restart = decision.restartInMs === undefined ? {} : { restartInMs: decision.restartInMs };
    this.events.emit({ event: 'exited', loop: loop.name, ...runtime.lastExit, ...restart });
    if (decision.restartInMs === undefined) delete runtime.nextStartAt;
    else runtime.nextStartAt = now + decision.restartInMs;
    this.#setLoop(loop.name, {
      ...state,
      restarts: state.restarts + (decision.restartInMs === undefined ? 0 : 1),
      recentRestarts: decision.recentRestarts,
      ...(decision.escalate === undefined
        ? {}
        : { block: { reason: 'escalated', detail: decision.escalate } }),
    });
    if (decision.escalate !== undefined)
      this.events.emit({ event: 'escalated', loop: loop.name, detail: decision.escalate });
    if (this.#ownershipIsStale()) void this.#askOwnership();
    void this.#save();
  }

  /** A process that ended while a child still holds its terminal: tmux calls that pane alive. */
  #isGone(runtime: LoopRuntime, pane: Pane): boolean {
    if (isAlive(pane.pid)) {
      delete runtime.goneSince;
      return false;
    }
    runtime.goneSince ??= Date.now();
    const patience = 200 - (Date.now() - runtime.goneSince);
    if (patience > 0) this.#wakeIn(patience);
    return patience <= 0;
  }

  #checkLiveness(): void {
    for (const { pid, goneSince } of this.#runtimes.values()) {
      if (pid !== undefined && goneSince === undefined && !isAlive(pid)) {
        void this.reconcile();
        return;
      }
    }
  }

  /** Ends an agent in order: TERM, KILL when that does not help, then whatever of it outlives its terminal. */
  async #stop(loop: LoopConfig, reason: string): Promise<void> {
    const runtime = this.#runtime(loop.name);
    while (runtime.busy === 'starting') await delay(10);
    if (runtime.busy !== undefined || this.#tmux === undefined) return;
    runtime.busy = 'stopping';
    try {
      const pane = (await this.#tmux.panes()).find(({ session }) => session === loop.name);
      if (pane === undefined) return;
      if (!pane.dead) await this.#endPane(pane);
      await this.#tmux.kill(loop.name);
      const { run } = this.#loopState(loop.name);
      if (run !== undefined) {
        runtime.endedRun = run;
        await reapRuns([run]);
      }
      delete runtime.pid;
      delete runtime.paneId;
      runtime.ready = false;
      runtime.nextStartAt = 0;
      this.events.emit({ event: 'stopped', loop: loop.name, reason });
    } catch (error) {
      if (!(error instanceof LoopsError)) throw error;
    } finally {
      delete runtime.busy;
      void this.reconcile();
    }
  }

  async #endPane(pane: Pane): Promise<void> {
    const end = performance.now() + this.config.stopGrace;
    endProcess(-pane.pid, 'SIGTERM');
    endProcess(-pane.pid, 'SIGCONT');
    while (isAlive(pane.pid) && performance.now() < end) await delay(20);
    endProcess(-pane.pid, 'SIGKILL');
    const flushed = performance.now() + 500;
    while (performance.now() < flushed) {
      const now = (await this.#tmux?.panes())?.find(({ id }) => id === pane.id);
      if (now === undefined || now.dead) return;
      await delay(20);
    }
  }

  // The tmux server

  async #connected(): Promise<RigTmux | undefined> {
    if (this.#tmux !== undefined || this.#serverUnwanted) return this.#tmux;
    const socket = tmuxSocket(this.config);
    if (!(await listens(socket))) {
      if (this.#mode === 'external') return undefined;
      await spawnTmuxServer(socket);
      this.events.emit({ event: 'server', state: 'spawned' });
      const end = performance.now() + 2000;
      while (!(await listens(socket)) && performance.now() < end) await delay(10);
    }
    const tmux = await connectRigTmux(socket, () => void this.reconcile());
    this.#tmux = tmux;
    this.events.emit({ event: 'server', state: 'connected' });
    void tmux.closed.then(async () => {
      if (this.#ended.signal.aborted || this.#tmux !== tmux) return;
      this.#tmux = undefined;
      this.events.emit({ event: 'server', state: 'lost' });
      await tmux[Symbol.asyncDispose]();
      await this.reconcile();
    });
    return tmux;
  }

  async #endServer(): Promise<void> {
    const tmux = this.#tmux;
    this.#serverUnwanted = true;
    this.#tmux = undefined;
    await tmux?.endServer();
    await rm(tmuxSocket(this.config), { force: true });
  }

  // Ownership

  #hold(): { reason: HoldReason; detail: string } | undefined {
    if (this.#held || this.#state.quiesced === true)
      return { reason: 'quiesced', detail: 'the rig was quiesced; loops start releases it' };
    if (this.#ownership.state === 'unconfigured' || this.#ownership.state === 'owner') return undefined;
    return { reason: this.#ownership.state, detail: this.#ownership.detail };
  }

  #ownershipIsStale(): boolean {
    return this.config.ownership !== undefined && Date.now() - this.#ownershipAt > freshOwnership;
  }

  #unknownTooLong(): boolean {
    const limit = this.config.ownership?.stopAfterUnknown;
    return (
      limit !== undefined &&
      this.#ownership.state === 'ownership-unknown' &&
      Date.now() - this.#ownershipKnownAt > limit
    );
  }

  async #watchOwnership(): Promise<void> {
    const { ownership } = this.config;
    for (let failures = 0; !this.#ended.signal.aborted;) {
      await this.#askOwnership();
      if (ownership === undefined) return;
      failures = this.#ownership.state === 'ownership-unknown' ? failures + 1 : 0;
      const pause =
        failures === 0
          ? ownership.checkEvery
          : Math.min(ownership.checkEvery, 500 * 2 ** Math.min(failures, 6));
      await delay(pause, undefined, { signal: this.#ended.signal, ref: false }).catch(() => undefined);
    }
  }

  async #askOwnership(): Promise<void> {
    this.#asking ??= this.#askOwnershipOnce().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askOwnershipOnce(): Promise<void> {
    const before = this.#hold();
    const view = await viewOwnership(this.config, this.#ended.signal);
    if (this.#ended.signal.aborted) return;
    this.#ownership = view;
    this.#ownershipAt = Date.now();
    if (view.state !== 'ownership-unknown') this.#ownershipKnownAt = this.#ownershipAt;
    const after = this.#hold();
    if (after?.reason !== before?.reason || after?.detail !== before?.detail) {
      if (after !== undefined) this.events.emit({ event: 'hold', ...after });
      else this.events.emit({ event: 'released', reason: 'this host owns the loops' });
    }
    void this.reconcile();
  }

  // State

  async #moveTo(
    index: number,
    passed: RigState['passed'][number] | undefined,
    reason = passed?.reason ?? '',
  ): Promise<void> {
    const from = this.#state.phaseIndex;
    this.#state = {
      ...this.#state,
      phaseIndex: index,
      planListHash: hashPlans(planNames(this.config)),
      passed: passed === undefined ? this.#state.passed : [...this.#state.passed, passed],
    };
    const roles = this.config.loops.filter(({ role }) => role !== undefined);
    for (const { name } of roles) this.#forgetSession(name);
    await this.#save();
    this.events.emit({
      event: 'phase',
      from,
      to: index,
      reason,
      ...(passed?.sha === undefined ? {} : { sha: passed.sha }),
    });
    await Promise.all(roles.map((loop) => this.#stop(loop, `phase ${index} begins`)));
    await this.reconcile();
  }

  #phase(): { index: number; plan?: string } {
    const index = this.#state.phaseIndex;
    const plan = this.config.phases?.plans[index];
    return plan === undefined ? { index } : { index, plan };
  }

  #forgetSession(name: string): void {
    const { session: _session, begun: _begun, ...rest } = this.#loopState(name);
    this.#setLoop(name, rest);
  }

  #loopState(name: string): LoopState {
    return loopState(this.config, this.#state, name);
  }

  #setLoop(name: string, state: LoopState): void {
    this.#state = { ...this.#state, loops: { ...this.#state.loops, [name]: state } };
  }

  /** Writes the state and its plain mirror, one write at a time, always the newest. */
  async #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      this.#state = { ...this.#state, generation: this.#state.generation + 1 };
      await writeState(this.config.stateDir, this.#state);
      const mirror = this.config.phases?.mirror;
      if (mirror !== undefined) await replaceFile(mirror, `${this.#state.phaseIndex}\n`);
    });
    return this.#saving;
  }

  #runtime(name: string): LoopRuntime {
    let runtime = this.#runtimes.get(name);
    if (runtime === undefined) this.#runtimes.set(name, (runtime = { ready: false }));
    return runtime;
  }

  #known(names: readonly string[]): LoopConfig[] {
    return names.map((name) => {
      const loop = this.config.loops.find((one) => one.name === name);
      if (loop === undefined) {
        throw new RequestRefusedError(
          'LOOP_UNKNOWN',
          `${this.config.rig} has no loop ${name}; it has ${this.config.loops.map((one) => one.name).join(', ')}`,
        );
      }
      return loop;
    });
  }

  #loopStatus(loop: LoopConfig): LoopStatus {
    const runtime = this.#runtime(loop.name);
    const state = this.#loopState(loop.name);
    return {
      name: loop.name,
      state: this.#stateOf(runtime, state),
      ...(runtime.waitingFor === undefined ? {} : { reason: runtime.waitingFor }),
      wanted: state.wanted,
      ready: runtime.ready,
      ...(runtime.pid === undefined ? {} : { pid: runtime.pid }),
      ...(loop.role === undefined ? {} : { role: loop.role }),
      ...(state.session === undefined ? {} : { session: state.session }),
      restarts: state.restarts,
      ...(state.startedAt === undefined ? {} : { startedAt: state.startedAt }),
      ...(runtime.nextStartAt === undefined || runtime.nextStartAt === 0
        ? {}
        : { nextStartAt: runtime.nextStartAt }),
      ...(state.block === undefined ? {} : { block: state.block }),
      ...(runtime.lastExit === undefined ? {} : { lastExit: runtime.lastExit }),
    };
  }

  #stateOf(runtime: LoopRuntime, state: LoopState): LoopStatus['state'] {
    if (runtime.busy !== undefined) return runtime.busy;
    if (runtime.pid !== undefined) return 'running';
    if (!state.wanted) return 'stopped';
    if (this.#hold() !== undefined) return 'held';
    if (state.block !== undefined) return 'blocked';
    if ((runtime.nextStartAt ?? 0) > Date.now()) return 'backoff';
    if (runtime.waitingFor !== undefined) return 'waiting';
    return runtime.lastExit === undefined ? 'starting' : 'exited';
  }

  async #pastePrompt(loop: LoopConfig, run: string): Promise<void> {
    const { readFile } = await import('node:fs/promises');
    if (loop.prompt === undefined) return;
    try {
      const text = await readFile(loop.prompt.file);
      await delay(300, undefined, { signal: this.#ended.signal });
      await this.prompt(loop.name, text, `start-${run}`);
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      this.events.emit({
        event: 'start-failed',
        loop: loop.name,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Wakes the rounds after so many milliseconds, or earlier when something else asks for it. */
  #wakeIn(milliseconds: number): void {
    const at = Date.now() + Math.max(0, milliseconds);
    if (this.#timer !== undefined && at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.reconcile();
      },
      Math.min(milliseconds, 60_000),
    );
  }
}
