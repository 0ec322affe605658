import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { Background } from '../concurrency/background.ts';
import { CleanupStack } from '../concurrency/cleanup-stack.ts';
import type { LoopConfig, RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';
import type { Handoff, ReloadReport } from '../control/requests.ts';
import type { RigStatus, WatchedStatus } from '../control/status.ts';
import { RequestRefusedError } from '../errors.ts';
import type { RebootCause, RigEvent } from '../events/rig-event.ts';
import { EventHub } from '../events/event-hub.ts';
import { lockPath, lockRig } from '../state/rig-lock.ts';
import { agentPlaces } from './agents/agent-places.ts';
import { AgentWatch } from './agents/agent-watch.ts';
import { ContextHandoff } from './agents/context-handoff.ts';
import { AgentLooks } from './agents/look-at-agents.ts';
import { recallTmuxServer } from '../tmux/recall-server.ts';
import { statePath } from '../state/state-store.ts';
import type { StopOptions } from './ending/stop-loop.ts';
import { type KeptPlace, PlaceKeeper } from './keeping/place-keeper.ts';
import { LoopKeeper } from './keeping/loop-keeper.ts';
import { LoopWatcher } from './watching/loop-watcher.ts';
import { installLogger, loggerPath } from './starting/logger.ts';
import { openScopes, type Scopes } from '../processes/memory-scope.ts';
import { runNotifyHooks } from '../events/notify-hooks.ts';
import { OwnershipWatch } from '../ownership/ownership-watch.ts';
import { PlanPhases } from './plan-phases.ts';
import { Prompter } from './prompting/prompter.ts';
import { ConfigReload } from './reloading/config-reload.ts';
import { RigStore } from '../state/rig-store.ts';
import { TmuxLink, type TmuxServerMode } from '../tmux/tmux-link.ts';
import { viewRig } from './viewing/view-rig.ts';
import { watchRigStatus } from './viewing/watch-rig-status.ts';
import { WantedLoops } from './wanted-loops.ts';
import { createTeller, createWatchActions } from './watching/watch-actions.ts';
import { watchLoops } from './watching/watch-rig.ts';

export interface SupervisorOptions {
  /** Default `own`. */
  readonly tmuxServer?: TmuxServerMode | undefined;
  /** Gets each event of the rig, which is written to the history too. */
  readonly onEvent?: ((event: RigEvent) => void) | undefined;
}

/** Tells an end that was asked for from one that a failure brought. */
const requestedEnd = Symbol('requested');
/** How often processes are looked at whose terminals are held open by children, in milliseconds. */
const livenessInterval = 500;
/** How often it is looked whether what the rig stands on is still there, in milliseconds. */
const placesInterval = 500;

/**
 * Has charge of one rig: keeps its loops as they are wanted, holds them while this host does not own them, watches
 * the agents, and moves from plan phase to plan phase. Ending it leaves every agent running; the next one adopts
 * them.
 */
export class Supervisor implements AsyncDisposable {
  /** The config in use; a reload replaces its content. */
  readonly config: RigConfig;
  readonly events: EventHub;
  readonly #store: RigStore;
  readonly #keeper: LoopKeeper;
  readonly #ownership: OwnershipWatch;
  readonly #link: TmuxLink;
  readonly #ended: AbortController;
  #ending: Promise<void> | undefined;
  readonly #cleanup: CleanupStack;
  readonly #background: Background;
  readonly #wanted: WantedLoops;
  readonly #prompter: Prompter;
  readonly #agents: AgentWatch;
  readonly #handoff: ContextHandoff;
  readonly #phases: PlanPhases;
  readonly #reload: ConfigReload;
  readonly #places: PlaceKeeper;
  readonly #startedAt = Date.now();

  private constructor(
    config: RigConfig,
    store: RigStore,
    scopes: Scopes,
    options: SupervisorOptions,
    cleanup: CleanupStack,
  ) {
    this.config = config;
    this.events = new EventHub(options.onEvent);
    this.#store = store;
    this.#places = new PlaceKeeper((event) => this.events.emit(event));
    this.#cleanup = cleanup;
    this.#ended = new AbortController();
    this.#background = new Background((error) => this.#ended.abort(error));
    const emit = this.events.emit.bind(this.events);
    const { signal } = this.#ended;
    this.#ownership = new OwnershipWatch({
      config,
      signal,
      onView: (before, after) => {
        if (after !== undefined && after.detail !== before?.detail) emit({ type: 'hold', ...after });
        if (after === undefined && before !== undefined)
          emit({ type: 'released', reason: 'this host owns the loops' });
        this.#reconcileSoon();
      },
    });
    this.#link = new TmuxLink(config, options.tmuxServer ?? 'own', emit, () => this.#reconcileSoon());
    this.#keeper = new LoopKeeper({
      config,
      store,
      scopes,
      ownership: this.#ownership,
      link: this.#link,
      signal,
      emit,
      background: this.#background,
      catchUp: (loop) => this.#agents.catchUp(loop),
      onBegun: (loop) => {
        this.#agents.forgetRun(loop);
        this.#handoff.forgetRun(loop);
      },
      onStarted: (loop, run, pending) =>
        this.inBackground(() => this.#prompter.promptStarted(loop, run, pending)),
    });
    this.#agents = new AgentWatch({
      config,
      store,
      keeper: this.#keeper,
      emit,
      background: this.#background,
      onEvent: (loop, event) => this.#handoff.hear(loop, event),
    });
    this.#prompter = new Prompter({
      store,
      link: this.#link,
      emit,
      signal,
      agents: this.#agents,
      runtime: (name) => this.#keeper.runtime(name),
    });
    this.#handoff = new ContextHandoff({
      store,
      keeper: this.#keeper,
      agents: this.#agents,
      emit,
      background: this.#background,
      signal,
      ask: (loop, text, id) => this.#prompter.askForNote(loop, text, id),
    });
    this.#wanted = new WantedLoops(store, this.#keeper, emit, (loop) => this.#tellToGoOn(loop));
    this.#phases = new PlanPhases(config, store, this.#keeper, emit);
    this.#reload = new ConfigReload(config, store, this.#keeper, emit);
  }

  /**
   * Takes charge of a rig: locks it, reads its state, connects to its tmux server and adopts what runs there.
   *
   * @throws {LoopsError} `SUPERVISOR_RUNNING`: another one has charge of it; `STATE_DAMAGED`; `PROGRAM_MISSING`: there is
   * no tmux.
   */
  static async start(given: RigConfig, options: SupervisorOptions = {}): Promise<Supervisor> {
    const config = { ...given };
    await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
    await using cleanup = new CleanupStack();
    let lock = await lockRig(config.stateDir, 'supervisor');
    cleanup.defer(async () => lock[Symbol.asyncDispose]());
    await mkdir(config.runtimeDir, { recursive: true, mode: 0o700 });
    await mkdir(config.logDir, { recursive: true });
    await installLogger(config);
    const { store, reboot } = await RigStore.open(config);
    const supervisor = new Supervisor(config, store, await openScopes(), options, cleanup.move());
    // Whose rig it is comes first.
    supervisor.keep({
      path: lockPath(config.stateDir),
      isThere: () => lock.isInPlace(),
      restore: async () => {
        await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
        const deleted = lock;
        lock = await lockRig(config.stateDir, 'supervisor');
        await deleted[Symbol.asyncDispose]();
      },
    });
    try {
      await supervisor.#begin(reboot);
    } catch (error) {
      // Else its timers and its lock would keep this process, and every next supervisor would find it in charge.
      supervisor.#ended.abort(error);
      await supervisor[Symbol.asyncDispose]();
      throw error;
    }
    return supervisor;
  }

  /** Aborted when the supervisor was told to end. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** What made it end by itself; `undefined` while nothing did. */
  get failure(): unknown {
    return this.ended.reason === requestedEnd ? undefined : this.ended.reason;
  }

  /** Does something beside all else; should it fail, the supervisor ends, and {@link failure} says why. */
  inBackground(work: () => Promise<unknown>): void {
    this.#background.run(work);
  }

  /** Makes this place again whenever it is deleted, until what is returned is disposed: from then on no place is. */
  keep(place: KeptPlace): AsyncDisposable {
    this.#places.keep(place);
    return { [Symbol.asyncDispose]: async () => this.#places.end() };
  }

  /** Brings what runs to what is wanted. */
  async reconcile(): Promise<void> {
    return this.#keeper.reconcile();
  }

  /** Ends it in order, once: what is written afterwards is another supervisor's to write. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#ended.abort(requestedEnd);
    await this.#places.end();
    await this.#keeper.end();
    await this.#background.settled();
    await this.#link[Symbol.asyncDispose]();
    if (this.failure === undefined) await this.#store.close();
    await this.#cleanup[Symbol.asyncDispose]();
  }

  status(): RigStatus {
    return viewRig({
      config: this.config,
      store: this.#store,
      keeper: this.#keeper,
      agents: this.#agents,
      ownership: this.#ownership,
      connected: this.#link.current !== undefined,
      startedAt: this.#startedAt,
    });
  }

  /** The status now, with every event after it, and when it changed without one, until the signal is aborted. */
  watch(signal: AbortSignal): AsyncGenerator<WatchedStatus, void, undefined> {
    return watchRigStatus(this.events, () => this.status(), signal);
  }

  /**
   * Applies the config file as it is now. With `dryRun` it only says what would change.
   *
   * @throws {ConfigError} the file has mistakes; nothing was changed.
   * @throws {RequestRefusedError} `RELOAD_REFUSED`: it changes what only a new supervisor can take up.
   */
  async reload(dryRun = false): Promise<ReloadReport> {
    return this.#reload.reload(dryRun);
  }

  /** Makes loops wanted, now and after every reboot, and lifts what blocked them. */
  async want(names?: readonly string[]): Promise<void> {
    await this.#wanted.want(this.#allKnown(names));
  }

  /** Makes loops unwanted, and stops them. */
  async unwant(names: readonly string[] = this.config.loops.map(({ name }) => name)): Promise<void> {
    const isKnown = (name: string): boolean => this.config.loops.some((loop) => loop.name === name);
    const others = names.filter((name) => !isKnown(name));
    for (const name of others) {
      if (!(await this.#keeper.stopOrphan(name, 'stopped by hand'))) this.#known(name);
    }
    await this.#wanted.unwant(this.#allKnown(names.filter(isKnown)));
  }

  /** Stops loops and starts them again at once. With `fresh` their agents begin a new session. */
  async restart(names?: readonly string[], fresh = false, reason = 'restarted by hand'): Promise<void> {
    await this.#wanted.restart(this.#allKnown(names), fresh, reason);
  }

  /** Starts no loop until `release`; with `keep` not after a reboot or a restart either. What runs goes on. */
  async holdStill(keep: boolean): Promise<void> {
    this.#keeper.held = true;
    if (!keep) return;
    this.#store.setQuiesced(true);
    await this.#store.save();
  }

  async release(): Promise<void> {
    const held = this.#keeper.held || this.#store.quiesced;
    this.#keeper.held = false;
    this.#store.setQuiesced(false);
    if (held) this.events.emit({ type: 'released', reason: 'released by hand' });
    await this.#store.save();
    await this.reconcile();
  }

  /** Asks at once who owns the loops, and where a grant is expected again and again for so many milliseconds. */
  async confirmOwnership(expectMs = 0): Promise<void> {
    if (expectMs > 0) this.#ownership.expectGrant(expectMs);
    else await this.#ownership.ask();
    await this.reconcile();
  }

  /** Stops every loop now; which are wanted stays as it is, so they come back unless the rig is held. */
  async stopAll(reason: string, { grace, keep }: Omit<StopOptions, 'only'> = {}): Promise<void> {
    await Promise.all([
      ...this.config.loops.map((loop) => this.#keeper.stop(loop, reason, { grace, keep })),
      this.#keeper.stopOrphans(reason, { grace }),
    ]);
  }

  /**
   * Types a prompt into a loop's agent, byte for byte, and submits it.
   *
   * @returns false when a prompt of this id was taken before; then nothing is typed.
   * @throws {RequestRefusedError} as {@link Prompter.prompt}.
   */
  async prompt(name: string, text: Uint8Array, id: string): Promise<boolean> {
    return this.#prompter.prompt(this.#known(name), text, id);
  }

  /**
   * Goes on to the next plan phase, exactly once per `from`. Loops with a role start afresh with the new plan.
   *
   * @returns the phase the rig is in now.
   * @throws {RequestRefusedError} `ADVANCE_REFUSED`: the rig is in another phase, or its plan list changed.
   */
  async advance(from: number, reason: string, sha?: string): Promise<number> {
    return this.#phases.advance(from, reason, sha);
  }

  /** Puts the rig into a plan phase by hand, and accepts the plan list as it is. */
  async setPhase(index: number, reason: string): Promise<void> {
    await this.#phases.set(index, reason);
  }

  /** Tells of a claim, a verdict, or that the rounds of a plan phase are used up: `loops` pushes those without us. */
  async noteHandoff(handoff: Handoff): Promise<void> {
    this.#known(handoff.loop);
    this.events.emit(handoff);
    if (handoff.type !== 'claimed') return;
    this.#store.noteRound(handoff.phase, handoff.round);
    await this.#store.save();
  }

  /** Ends the supervisor. With `stop` every loop and the tmux server end too; what is wanted stays so. */
  async end(reason: string, stop: boolean): Promise<void> {
    await this.#places.end();
    if (stop) {
      this.#keeper.held = true;
      await this.stopAll(reason);
      await this.#link.endServer();
      await this.#ownership.forgetLease();
    }
    this.events.emit({ type: 'down', reason });
    this.#ended.abort(requestedEnd);
  }

  async #begin(reboot: RebootCause | undefined): Promise<void> {
    const { config, events } = this;
    events.emit({
      type: 'up',
      rig: config.rig,
      pid: process.pid,
      reboot,
    });
    this.#cleanup.use(
      events.listen((event) => {
        this.inBackground(async () => {
          for (const problem of await runNotifyHooks(config, event))
            events.emit({ type: 'notify-failed', ...problem });
        });
      }),
    );
    const liveness = setInterval(() => this.#keeper.checkLiveness(), livenessInterval);
    this.#cleanup.defer(() => clearInterval(liveness));
    this.#keepPlaces();
    this.inBackground(() => this.#ownership.run());
    this.#cleanup.use(this.#agents);
    await this.#agents.begin();
    await this.reconcile();
    const parts = { keeper: this.#keeper, store: this.#store, link: this.#link, events, signal: this.ended };
    const means = { supervisor: this, ...parts, agents: this.#agents, background: this.#background };
    const watcher = new LoopWatcher(config, createWatchActions(means));
    const looks = new AgentLooks({
      config,
      ...parts,
      agents: this.#agents,
      handoff: this.#handoff,
      emit: events.emit.bind(events),
      tellToGoOn: (loop) => this.#tellToGoOn(loop),
    });
    this.inBackground(() => watchLoops(watcher, { config, ...parts, looks }));
  }

  #tellToGoOn(loop: LoopConfig): void {
    const { events, ended: signal } = this;
    createTeller({ supervisor: this, events, background: this.#background, signal })(loop, loop.goOn);
  }

  #keepPlaces(): void {
    const { config } = this;
    const path = statePath(config.stateDir);
    this.keep({ path, isThere: () => existsSync(path), restore: async () => this.#store.save() });
    this.keep({
      path: loggerPath(config),
      isThere: () => existsSync(loggerPath(config)),
      restore: async () => installLogger(config),
    });
    const socket = tmuxSocket(config);
    this.keep({
      path: socket,
      isThere: () => this.#link.current === undefined || existsSync(socket),
      restore: async () => recallTmuxServer(socket),
    });
    this.#places.keepAll(() => agentPlaces(config, this.#keeper, this.#agents));
    const timer = setInterval(() => this.inBackground(async () => this.#places.look()), placesInterval);
    this.#cleanup.defer(() => clearInterval(timer));
  }

  #reconcileSoon(): void {
    this.inBackground(() => this.#keeper.reconcile());
  }

  #allKnown(names?: readonly string[]): readonly LoopConfig[] {
    if (names === undefined) return this.config.loops;
    return names.map((name) => this.#known(name));
  }

  #known(name: string): LoopConfig {
    const loop = this.config.loops.find((one) => one.name === name);
    if (loop !== undefined) return loop;
    const all = this.config.loops.map((one) => one.name).join(', ');
    throw new RequestRefusedError(
      'LOOP_UNKNOWN',
      `${this.config.rig} has no loop ${name}; it has ${all} (loops reload applies an edited config)`,
    );
  }
}
