import type { LoopConfig } from '../../config/rig-config.ts';
import { endProcess } from '../../processes/end-process.ts';
import { LoopsError } from '../../errors.ts';
import type { Pane, RigTmux } from '../../tmux/rig-tmux.ts';
import type { AgentSign } from '../../agents/agent-signs.ts';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { KeeperContext, KeeperParts } from '../context/keeper-parts.ts';
import { Liveness } from './liveness.ts';
import { LoopEnds } from '../ending/loop-ends.ts';
import { stopOrphan } from '../ending/stop-orphan.ts';
import { type LoopRuntime, LoopRuntimes } from '../context/loop-runtime.ts';
import type { Hold } from '../../ownership/ownership-watch.ts';
import { Rounds } from '../../concurrency/rounds.ts';
import { StartConditions } from '../starting/start-conditions.ts';
import { type DueLoop, startLoops } from '../starting/start-loops.ts';
import { type StopOptions, stopLoop } from '../ending/stop-loop.ts';

/** Until another round when tmux failed, in milliseconds. */
const retryPause = 100;

/**
 * Brings the loops that run to those that are wanted, round by round. A round happens when tmux, a timer or a
 * request asks for it; none happens while nothing does.
 */
export class LoopKeeper {
  /** No loop is started while this is set; what runs goes on. */
  held = false;
  readonly #context: KeeperContext;
  readonly #liveness: Liveness;
  readonly #ends: LoopEnds;
  readonly #conditions: StartConditions;
  #firstRound = true;
  #orphans: readonly Pane[] = [];
  #edits: (() => void)[] = [];

  constructor(parts: KeeperParts) {
    const rounds = new Rounds(() => this.#orLater(() => this.#round()), parts.background, parts.signal);
    this.#context = { ...parts, rounds, runtimes: new LoopRuntimes() };
    this.#liveness = new Liveness(this.#context);
    this.#ends = new LoopEnds(this.#context);
    this.#conditions = new StartConditions(this.#context);
  }

  /** Why no loop may start now. */
  get hold(): Hold | undefined {
    const { store, ownership } = this.#context;
    if (this.held || store.quiesced) {
      return { reason: 'quiesced', detail: 'the rig was quiesced; loops start releases it' };
    }
    return ownership.hold;
  }

  runtime(name: string): LoopRuntime {
    return this.#context.runtimes.of(name);
  }

  /** One more round, now or after the one that is under way. */
  async reconcile(): Promise<void> {
    return this.#context.rounds.now();
  }

  /** Changes the config between two rounds, so that none begins with one and ends with another; then brings it about. */
  async reconfigure(change: () => void): Promise<void> {
    this.#edits.push(change);
    return this.reconcile();
  }

  /** What was known of a loop that is not in the config any more. */
  forget(name: string): void {
    this.#context.runtimes.forget(name);
  }

  /** Whether a loop's agent runs, as far as was seen. */
  runs(name: string): boolean {
    return this.runtime(name).pid !== undefined || this.#orphans.some(({ loop }) => loop === name);
  }

  /** No further rounds; the one under way is waited for. */
  async end(): Promise<void> {
    return this.#context.rounds.end();
  }

  /** Ends an agent and whatever of it outlives its terminal: its session too, unless it is about to start again. */
  async stop(loop: LoopConfig, reason: string, options: StopOptions = {}): Promise<void> {
    return stopLoop(this.#context, loop, reason, options);
  }

  /** Agents that run and whose loops are not in the config: it was edited since they were started. */
  get orphans(): readonly Pane[] {
    return this.#orphans;
  }

  /** Ends what runs of a loop that is not in the config. @returns false when nothing does. */
  async stopOrphan(name: string, reason: string, { grace }: StopOptions = {}): Promise<boolean> {
    const tmux = await this.#context.link.existing();
    const pane = (await tmux?.panes())?.find(({ loop }) => loop === name);
    if (tmux === undefined || pane === undefined || this.#isConfigured(name)) return false;
    await stopOrphan(this.#context, tmux, pane, reason, grace);
    this.#orphans = this.#orphans.filter(({ loop }) => loop !== name);
    return true;
  }

  /** Ends all that is left of loops that are not in the config: also the pane of one that has ended. */
  async stopOrphans(reason: string, options: StopOptions = {}): Promise<void> {
    const panes = (await (await this.#context.link.existing())?.panes()) ?? [];
    const names = panes.map(({ loop }) => loop).filter((name) => !this.#isConfigured(name));
    await Promise.all(names.map((name) => this.stopOrphan(name, reason, options)));
  }

  /** Keeps an agent from being started, or disturbed, until its limit is over or a person acts. */
  async block(loop: LoopConfig, sign: AgentSign, at?: number): Promise<void> {
    return this.#ends.block(loop, sign, at);
  }

  /** Looks for processes that ended although their panes say nothing of it. */
  checkLiveness(): void {
    this.#liveness.check();
  }

  /** An agent is ready: those that wait for it may start. */
  markReady(loop: LoopConfig): void {
    const runtime = this.runtime(loop.name);
    if (runtime.ready) return;
    runtime.ready = true;
    this.#context.emit({ type: 'ready', loop: loop.name });
    this.#context.rounds.soon();
  }

  /** What fails because of tmux, a later round does. */
  async #orLater(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof LoopsError) || !error.code.startsWith('TMUX')) throw error;
      this.#context.rounds.within(retryPause);
    }
  }

  async #round(): Promise<void> {
    const { link, config, rounds } = this.#context;
    for (const change of this.#edits.splice(0)) change();
    const tmux = await link.connected();
    if (tmux === undefined) {
      rounds.within(retryPause);
      return;
    }
    const panes = new Map((await tmux.panes()).map((pane) => [pane.loop, pane]));
    this.#seeOrphans([...panes.values()]);
    const due: DueLoop[] = [];
    for (const loop of config.loops) {
      const pane = panes.get(loop.name);
      if (await this.#shallStart(tmux, loop, pane)) due.push({ loop, pane });
    }
    this.#firstRound = false;
    if (due.length > 0) await this.#start(tmux, due);
  }

  async #start(tmux: RigTmux, due: readonly DueLoop[]): Promise<void> {
    const { ownership, rounds } = this.#context;
    if (ownership.isStale) {
      await ownership.ask();
      rounds.again();
      return;
    }
    if (await this.#conditions.memoryIsShort(due.map(({ loop }) => loop))) return;
    // Another holder of the rig meanwhile has seen nothing of these starts.
    if (this.hold !== undefined) rounds.again();
    else await startLoops(this.#context, tmux, due);
  }

  /** Sees what became of a loop, stops it when it must not run, and says whether it is to be started now. */
  async #shallStart(tmux: RigTmux, loop: LoopConfig, pane: Pane | undefined): Promise<boolean> {
    const { store, ownership, background } = this.#context;
    const runtime = this.runtime(loop.name);
    if (runtime.busy !== undefined) return false;
    delete runtime.waitingFor;
    if (pane !== undefined && isUnexplained(pane) && !this.#liveness.isGone(runtime, pane)) {
      // A child that ends right after its start can escape tmux: it asks again when it hears of one.
      endProcess(pane.serverPid, 'SIGCHLD');
      return false;
    }
    const running = pane !== undefined && !pane.dead && !this.#liveness.isGone(runtime, pane);
    if (running) this.#see(loop, runtime, pane);
    else await this.#ends.see(tmux, loop, pane, () => this.hold !== undefined);
    const { hold } = this;
    const { wanted } = store.loop(loop.name);
    const mustStop = !wanted || ownership.mustStop;
    if (mustStop && pane !== undefined) {
      const reason = wanted ? (hold?.detail ?? '') : 'it is not wanted';
      background.run(() => this.#orLater(() => this.stop(loop, reason)));
    }
    if (running || mustStop) return false;
    if (hold !== undefined) {
      runtime.waitingFor = hold.detail;
      return false;
    }
    return this.#conditions.isDue(loop);
  }

  #seeOrphans(panes: readonly Pane[]): void {
    const before = new Set(this.#orphans.map(({ loop }) => loop));
    this.#orphans = panes.filter(({ loop, dead }) => !dead && !this.#isConfigured(loop));
    for (const { loop, pid } of this.#orphans.filter((pane) => !before.has(pane.loop))) {
      this.#context.emit({ type: 'orphan', loop, pid });
    }
  }

  #isConfigured(name: string): boolean {
    return this.#context.config.loops.some((loop) => loop.name === name);
  }

  #see(loop: LoopConfig, runtime: LoopRuntime, pane: Pane): void {
    if (runtime.pid === pane.pid && runtime.paneId === pane.id) return;
    const { store, emit, onStarted } = this.#context;
    runtime.pid = pane.pid;
    runtime.paneId = pane.id;
    runtime.since = performance.now();
    const { run, heardRun, pending, session } = store.loop(loop.name);
    const isReady =
      adapterOf(loop).hooks === undefined ? loop.ready === undefined : run !== undefined && heardRun === run;
    if (isReady) this.markReady(loop);
    const isOurs = run !== undefined && pane.run === run;
    // One whose start was not seen to the end: its supervisor was killed, or lost the server, just then.
    const isNew = isOurs && runtime.begunRun !== run;
    if (this.#firstRound || isNew) emit({ type: 'adopted', loop: loop.name, pid: pane.pid });
    if (!isNew) return;
    runtime.begunRun = run;
    if (session !== undefined) store.change(loop.name, { begun: true });
    if (pending !== undefined) onStarted(loop, run, pending);
  }
}

/** The terminal is closed, and tmux has not yet been told how its process ended. */
function isUnexplained({ dead, exitCode, exitSignal }: Pane): boolean {
  return dead && exitCode === undefined && exitSignal === undefined;
}
