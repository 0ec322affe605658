import { mkdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { replaceFile } from '../atomic-file.ts';
import { Background } from '../background.ts';
import { CleanupStack } from '../cleanup-stack.ts';
import type { LoopConfig, RigConfig } from '../config/rig-config.ts';
import type { RigStatus } from '../control/status.ts';
import { RequestRefusedError } from '../errors.ts';
import type { RebootCause, RigEvent, RigEventBody } from '../events.ts';
import { planNames } from '../state/initial-state.ts';
import type { LoopState, PhasePassed } from '../state/rig-state.ts';
import { deliverPrompt } from './deliver-prompt.ts';
import { EventHub } from './event-hub.ts';
import { lockRig } from './exclusive-lock.ts';
import { resumes } from './loop-command.ts';
import { LoopKeeper } from './loop-keeper.ts';
import { LoopWatcher } from './loop-watcher.ts';
import { loggerPath, loggerScript } from './logger.ts';
import { findScopeManager, type ScopeManager } from './memory-scope.ts';
import { runNotifyHooks } from './notify-hooks.ts';
import { OwnershipWatch } from './ownership-watch.ts';
import { RigStore } from './rig-store.ts';
import { TmuxLink, type TmuxServerMode } from './tmux-link.ts';
import { Turns } from './turns.ts';
import { viewLoop } from './view-loop.ts';
import { createWatchActions, watchLoops } from './watch-rig.ts';

export interface SupervisorOptions {
  /** Default `own`. */
  readonly tmuxServer?: TmuxServerMode;
  readonly onEvent?: (event: RigEvent) => void;
}

/** Tells an end that was asked for from one that a failure brought. */
const requestedEnd = Symbol('requested');
/** How often processes are looked at whose terminals are held open by children, in milliseconds. */
const livenessInterval = 500;
/** From an agent's start until its prompt is typed, in milliseconds, when nothing says when it is ready. */
const promptPause = 300;

/**
 * Has charge of one rig: keeps its loops as they are wanted, holds them while this host does not own them, watches
 * the agents, and moves from plan phase to plan phase. Ending it leaves every agent running; the next one adopts
 * them.
 */
export class Supervisor implements AsyncDisposable {
  readonly config: RigConfig;
  readonly events: EventHub;
  readonly #store: RigStore;
  readonly #keeper: LoopKeeper;
  readonly #ownership: OwnershipWatch;
  readonly #link: TmuxLink;
  readonly #ended: AbortController;
  readonly #cleanup: CleanupStack;
  readonly #background: Background;
  readonly #typing = new Turns();
  readonly #startedAt = Date.now();

  private constructor(
    config: RigConfig,
    store: RigStore,
    scope: ScopeManager,
    options: SupervisorOptions,
    cleanup: CleanupStack,
  ) {
    this.config = config;
    this.events = new EventHub(options.onEvent);
    this.#store = store;
    this.#cleanup = cleanup;
    this.#ended = new AbortController();
    this.#background = new Background((error) => this.#ended.abort(error));
    const emit = this.events.emit.bind(this.events);
    const { signal } = this.#ended;
    this.#ownership = new OwnershipWatch(config, signal, (before, after) => {
      if (after !== undefined && after.detail !== before?.detail) emit({ event: 'hold', ...after });
      if (after === undefined && before !== undefined)
        emit({ event: 'released', reason: 'this host owns the loops' });
      this.#reconcileSoon();
    });
    this.#link = new TmuxLink(config, options.tmuxServer ?? 'own', emit, () => this.#reconcileSoon());
    this.#keeper = new LoopKeeper({
      config,
      store,
      scope,
      ownership: this.#ownership,
      link: this.#link,
      signal,
      emit,
      background: this.#background,
      onStarted: (loop, state) => this.inBackground(() => this.#pastePrompt(loop, state)),
    });
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
    const { store, reboot } = await RigStore.open(config);
    const supervisor = new Supervisor(config, store, await findScopeManager(), options, cleanup.move());
    await supervisor.#begin(reboot);
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

  /** Brings what runs to what is wanted. */
  async reconcile(): Promise<void> {
    return this.#keeper.reconcile();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(requestedEnd);
    await this.#keeper.end();
    await this.#background.settled();
    await this.#link[Symbol.asyncDispose]();
    if (this.failure === undefined) await this.#store.close();
    await this.#cleanup[Symbol.asyncDispose]();
  }

  status(): RigStatus {
    const { hold } = this.#keeper;
    const { phases, rig, loops } = this.config;
    const { view } = this.#ownership;
    const index = this.#store.phaseIndex;
    const plan = planNames(this.config)[index];
    return {
      rig,
      supervisor: { state: 'up', pid: process.pid, since: this.#startedAt },
      server: this.#link.current === undefined ? 'down' : 'up',
      ...(hold === undefined ? {} : { hold: hold.reason, holdDetail: hold.detail }),
      ...(view.state === 'owner'
        ? { ownership: { owner: view.ownership.owner, epoch: view.ownership.epoch } }
        : {}),
      ...(phases === undefined
        ? {}
        : { phase: { index, total: phases.plans.length, ...(plan === undefined ? {} : { plan }) } }),
      loops: loops.map((loop) =>
        viewLoop(loop, this.#keeper.runtime(loop.name), this.#store.loop(loop.name), hold !== undefined),
      ),
    };
  }

  /** Makes loops wanted, now and after every reboot, and lifts what blocked them. */
  async want(names: readonly string[]): Promise<void> {
    for (const { name } of this.#known(names)) {
      const blocked = this.#store.loop(name).block !== undefined;
      this.#store.unblock(name);
      this.#store.setLoop(name, { ...this.#store.loop(name), wanted: true, recentRestarts: 0 });
      this.#keeper.runtime(name).nextStartAt = 0;
      this.events.emit({ event: 'wanted', loop: name, wanted: true });
      if (blocked) this.events.emit({ event: 'unblocked', loop: name, reason: 'started by hand' });
    }
    await this.#store.save();
    await this.reconcile();
  }

  /** Makes loops unwanted, and stops them. */
  async unwant(names: readonly string[]): Promise<void> {
    const loops = this.#known(names);
    for (const { name } of loops) {
      this.#store.setLoop(name, { ...this.#store.loop(name), wanted: false });
      this.events.emit({ event: 'wanted', loop: name, wanted: false });
    }
    await this.#store.save();
    await Promise.all(loops.map((loop) => this.#keeper.stop(loop, 'stopped by hand')));
    await this.reconcile();
  }

  /** Stops loops and starts them again at once. With `fresh` their agents begin a new session. */
  async restart(names: readonly string[], fresh = false, reason = 'restarted by hand'): Promise<void> {
    const loops = this.#known(names);
    await Promise.all(loops.map((loop) => this.#keeper.stop(loop, reason)));
    if (fresh) for (const { name } of loops) this.#store.forgetSession(name);
    await this.want(names);
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
    if (held) this.events.emit({ event: 'released', reason: 'released by hand' });
    await this.#store.save();
    await this.reconcile();
  }

  /** Stops every loop now; which are wanted stays as it is, so they come back unless the rig is held. */
  async stopAll(reason: string): Promise<void> {
    await Promise.all(this.config.loops.map((loop) => this.#keeper.stop(loop, reason)));
  }

  /**
   * Types a prompt into a loop's agent, byte for byte, and submits it.
   *
   * @returns false when a prompt of this id was typed before; then nothing is.
   * @throws {RequestRefusedError} `PROMPT_REFUSED`: no agent runs there, or it shows a menu; nothing was typed.
   */
  async prompt(name: string, text: Uint8Array, id: string): Promise<boolean> {
    const [loop] = this.#known([name]);
    return this.#typing.take(name, () => this.#type(name, loop, text, id));
  }

  async #type(name: string, loop: LoopConfig | undefined, text: Uint8Array, id: string): Promise<boolean> {
    const delivered = this.#store.loop(name).prompts ?? [];
    if (delivered.includes(id)) return false;
    const tmux = this.#link.current;
    const pane = (await tmux?.panes())?.find(({ session }) => session === name);
    if (tmux === undefined || loop === undefined || pane === undefined || pane.dead) {
      throw new RequestRefusedError('PROMPT_REFUSED', `${name} is not running; nothing was typed`);
    }
    await deliverPrompt(tmux, pane.id, loop, text, async () => {
      this.#store.setLoop(name, { ...this.#store.loop(name), prompts: [...delivered, id].slice(-20) });
      await this.#store.save();
    });
    this.events.emit({ event: 'prompted', loop: name, bytes: text.length, id });
    return true;
  }

  /**
   * Goes on to the next plan phase, exactly once per `from`. Loops with a role start afresh with the new plan.
   *
   * @returns the phase the rig is in now.
   * @throws {RequestRefusedError} `ADVANCE_REFUSED`: the rig is in another phase, or its plan list changed.
   */
  async advance(from: number, reason: string, sha?: string): Promise<number> {
    const { done, plan } = this.#store.checkAdvance(from);
    if (!done) {
      const passed = { index: from, plan, at: Date.now(), reason, ...(sha === undefined ? {} : { sha }) };
      await this.#moveTo(from + 1, reason, passed);
    }
    return from + 1;
  }

  /** Puts the rig into a plan phase by hand, and accepts the plan list as it is. */
  async setPhase(index: number, reason: string): Promise<void> {
    const total = this.config.phases?.plans.length ?? 0;
    if (!Number.isInteger(index) || index < 0 || index > total) {
      throw new RequestRefusedError('ADVANCE_REFUSED', `a phase is a number from 0 to ${total}`);
    }
    await this.#moveTo(index, reason);
  }

  /** Tells of a claim, a verdict, or that the rounds of a plan phase are used up: `loops` pushes those without us. */
  noteHandoff(handoff: Extract<RigEventBody, { event: 'claimed' | 'verdict' | 'escalated' }>): void {
    this.#known([handoff.loop]);
    this.events.emit(handoff);
  }

  /** Ends the supervisor. With `stop` every loop and the tmux server end too; what is wanted stays so. */
  async end(reason: string, stop: boolean): Promise<void> {
    if (stop) {
      this.#keeper.held = true;
      await this.stopAll(reason);
      await this.#link.endServer();
    }
    this.events.emit({ event: 'down', reason });
    this.#ended.abort(requestedEnd);
  }

  async #begin(reboot: RebootCause | undefined): Promise<void> {
    const { config, events } = this;
    events.emit({
      event: 'up',
      rig: config.rig,
      pid: process.pid,
      ...(reboot === undefined ? {} : { reboot }),
    });
    this.#cleanup.use(
      events.listen((event) => {
        this.inBackground(async () => {
          for (const detail of await runNotifyHooks(config, event))
            events.emit({ event: 'notify-failed', detail });
        });
      }),
    );
    const liveness = setInterval(() => this.#keeper.checkLiveness(), livenessInterval);
    this.#cleanup.defer(() => clearInterval(liveness));
    this.inBackground(() => this.#ownership.run());
    await this.reconcile();
    const watcher = new LoopWatcher(config, createWatchActions(this, this.#keeper, this.#store, this.#link));
    this.inBackground(() =>
      watchLoops(watcher, {
        config,
        keeper: this.#keeper,
        store: this.#store,
        link: this.#link,
        events,
        signal: this.ended,
      }),
    );
  }

  async #moveTo(index: number, reason: string, passed?: PhasePassed): Promise<void> {
    const from = this.#store.phaseIndex;
    const roles = this.config.loops.filter(({ role }) => role !== undefined);
    for (const { name } of roles) this.#store.forgetSession(name);
    await this.#store.moveTo(index, passed);
    this.events.emit({
      event: 'phase',
      from,
      to: index,
      reason,
      ...(passed?.sha === undefined ? {} : { sha: passed.sha }),
    });
    await Promise.all(roles.map((loop) => this.#keeper.stop(loop, `phase ${index} begins`)));
    await this.reconcile();
  }

  #reconcileSoon(): void {
    this.inBackground(() => this.#keeper.reconcile());
  }

  #known(names: readonly string[]): LoopConfig[] {
    return names.map((name) => {
      const loop = this.config.loops.find((one) => one.name === name);
      if (loop !== undefined) return loop;
      const all = this.config.loops.map((one) => one.name).join(', ');
      throw new RequestRefusedError('LOOP_UNKNOWN', `${this.config.rig} has no loop ${name}; it has ${all}`);
    });
  }

  /** Once the agent is ready, or shortly after its start when nothing says when it is. */
  async #pastePrompt(loop: LoopConfig, state: LoopState & { readonly run: string }): Promise<void> {
    if (loop.prompt?.deliver !== 'paste' || resumes(loop, state)) return;
    try {
      const text = await readFile(loop.prompt.file);
      do await delay(promptPause, undefined, { signal: this.ended });
      while (!this.#keeper.runtime(loop.name).ready && this.#store.loop(loop.name).run === state.run);
      if (this.#store.loop(loop.name).run === state.run)
        await this.prompt(loop.name, text, `start-${state.run}`);
    } catch (error) {
      if (this.ended.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.events.emit({
        event: 'start-failed',
        loop: loop.name,
        reason: `its prompt was not typed: ${reason}`,
      });
    }
  }
}
