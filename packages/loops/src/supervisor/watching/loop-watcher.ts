import type { AgentProgress, ScreenReading } from '../../agents/agent-adapter.ts';
import { type AgentSign, signPatterns } from '../../agents/agent-signs.ts';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import { heartbeatFile } from '../../config/rig-places.ts';
import type { StallRung } from '../../events/rig-event.ts';
import { endsByAsking, type LoopBlock } from '../../state/rig-state.ts';
import type { Pane, RigTmux } from '../../tmux/rig-tmux.ts';
import { normaliseScreen, type ProgressSigns, readProcessTable, readTouches, readTree } from './progress.ts';
import { judgeProgress } from './judge-progress.ts';
import { nextRung, type StallState } from './stall-ladder.ts';

/** An agent that runs, as a look finds it. */
export interface WatchedLoop {
  readonly loop: LoopConfig;
  readonly pane: Pane;
  /** Whether it was ready at the look before. */
  readonly ready: boolean;
  /** When it was first seen to run, by the clock of `performance.now()`: no process sets that one. */
  readonly since: number;
}

/** What a look leads to, and what it asks. */
export interface WatchActions {
  /** What blocks it now: a look takes a while, in which it may end, or be started by hand. */
  blockOf(loop: LoopConfig): LoopBlock | undefined;
  /** Whether its hooks are heard: they tell what its screen is read for otherwise. */
  isHeard(loop: LoopConfig): boolean;
  /** What it has done so far, where its transcript tells. */
  progressOf(loop: LoopConfig): AgentProgress | undefined;
  /** The dialog that waits on its screen, as far as its hooks or a look before have told. */
  dialogOf(loop: LoopConfig): string | undefined;
  /** Whether it writes a handoff note: its time for that is another one. */
  handsOver(loop: LoopConfig): boolean;
  /** @param late the time to become ready is over, and it was not seen to be. */
  ready(loop: LoopConfig, late: boolean): void;
  /** It takes prompts, and its hooks say nothing. */
  silent(loop: LoopConfig): void;
  /** A dialog waits, or waits no more. */
  dialog(loop: LoopConfig, dialog: ScreenReading['dialog']): Promise<void>;
  sign(loop: LoopConfig, sign: AgentSign): Promise<void>;
  /** A usage limit is over. */
  goOn(loop: LoopConfig): Promise<void>;
  /** What blocked it is no longer on its screen: an operator logged in, for example. */
  cleared(loop: LoopConfig): Promise<void>;
  /** @param waiting what keeps it from being disturbed. */
  stalled(loop: LoopConfig, rung: StallRung, quietMs: number, waiting: string | undefined): Promise<void>;
}

interface Memory {
  run: string | undefined;
  /** When its screen was last read (monotonic milliseconds). */
  readAt: number;
  /** Its last output, as tmux tells it, and when that was first seen (monotonic milliseconds). */
  activity?: number | undefined;
  activeAt: number;
  screen: string;
  /** What the screen said at the last look. */
  sign?: AgentSign | undefined;
  /** The dialog that it showed at the last look, unless a key leaves it. */
  dialog?: string | undefined;
  /** Set while it is not to be disturbed: whether that was escalated. */
  waiting?: { escalated: boolean } | undefined;
  /** What it was blocked by at the last look. */
  blockedBy?: string | undefined;
  /** A sign that was dealt with: it blocks no more for as long as it stays on the screen. */
  dealtWith?: string | undefined;
  /** What later looks are held against, since `signsAt` (monotonic milliseconds). */
  signs?: ProgressSigns | undefined;
  signsAt: number;
  stall: StallState;
}

/** Between two looks, in milliseconds. */
const interval = 5000;
const readyInterval = 250;
/** How long hooks may say nothing after a start, in milliseconds. */
const hookPatience = 60_000;
/** Between two looks at an agent whose hooks have not been heard yet, in milliseconds. */
const hookInterval = 2000;

/** Looks at agents that run: whether they are ready, in a dialog, at a limit, logged out, or stalled. */
export class LoopWatcher {
  readonly #config: RigConfig;
  readonly #actions: WatchActions;
  readonly #memories = new Map<string, Memory>();

  constructor(config: RigConfig, actions: WatchActions) {
    this.#config = config;
    this.#actions = actions;
  }

  /** Milliseconds until the next look. */
  pause(watched: readonly WatchedLoop[]): number {
    if (watched.some(({ loop, ready }) => loop.ready !== undefined && !ready)) return readyInterval;
    if (watched.some(({ loop, ready }) => !ready && adapterOf(loop).hooks !== undefined)) return hookInterval;
    return Math.min(interval, ...watched.map(({ loop }) => (loop.stall?.after ?? Infinity) / 4));
  }

  /** One look at all of them. An agent whose screen did not change is not read again. */
  async look(tmux: Pick<RigTmux, 'screen'>, watched: readonly WatchedLoop[]): Promise<void> {
    const quiet: { one: WatchedLoop; memory: Memory }[] = [];
    for (const one of watched) {
      const memory = this.#memory(one);
      const before = this.#actions.blockOf(one.loop);
      if (before === undefined && memory.blockedBy !== undefined) memory.dealtWith = memory.blockedBy;
      memory.blockedBy = before?.detail;
      if (mayHaveChanged(one.pane, memory) || !one.ready) await this.#read(tmux, one, memory);
      const block = this.#actions.blockOf(one.loop);
      if (block !== undefined) await this.#checkBlock(one.loop, block, memory);
      else if (this.#actions.handsOver(one.loop)) rest(memory);
      else if (one.loop.stall !== undefined) quiet.push({ one, memory });
    }
    if (quiet.length > 0) await this.#checkStalls(quiet);
  }

  #memory({ loop, pane }: WatchedLoop): Memory {
    const known = this.#memories.get(loop.name);
    if (known !== undefined && known.run === pane.run) return known;
    const now = performance.now();
    const stall = { taken: 0, rungAt: now, answered: 0, ...known?.stall, progressAt: now };
    const memory = { run: pane.run, readAt: -Infinity, activeAt: now, screen: '', signsAt: now, stall };
    this.#memories.set(loop.name, memory);
    return memory;
  }

  async #read(tmux: Pick<RigTmux, 'screen'>, one: WatchedLoop, memory: Memory): Promise<void> {
    const { loop, pane } = one;
    const adapter = adapterOf(loop);
    memory.readAt = performance.now();
    const lines = await tmux.screen(pane.id);
    const ignore = (loop.stall?.ignoreOutput ?? []).map((pattern) => new RegExp(pattern));
    memory.screen = normaliseScreen(lines, ignore);
    const reading = adapter.readScreen(lines, loop, signPatterns(this.#config), Date.now());
    memory.dialog = reading.dialog?.key === undefined ? reading.dialog?.words : undefined;
    if (!one.ready) this.#checkReady(one, lines, reading);
    if (adapter.hooks !== undefined) await this.#actions.dialog(loop, reading.dialog);
    await this.#noteSign(loop, this.#actions.isHeard(loop) ? undefined : reading.sign, memory);
  }

  #checkReady({ loop, since }: WatchedLoop, lines: readonly string[], reading: ScreenReading): void {
    const age = performance.now() - since;
    if (adapterOf(loop).hooks !== undefined) {
      if (age > hookPatience && reading.takesPrompt === true) this.#actions.silent(loop);
    } else if (loop.ready !== undefined) {
      const matches = new RegExp(loop.ready.output, 'm').test(lines.join('\n'));
      if (matches || age > loop.ready.timeout) this.#actions.ready(loop, !matches);
    }
  }

  async #noteSign(loop: LoopConfig, sign: AgentSign | undefined, memory: Memory): Promise<void> {
    memory.sign = sign;
    if (sign === undefined) delete memory.dealtWith;
    else if (
      this.#actions.blockOf(loop) === undefined &&
      sign.detail !== memory.dealtWith &&
      sign.detail !== memory.blockedBy
    ) {
      memory.blockedBy = sign.detail;
      await this.#actions.sign(loop, sign);
    }
  }

  /** Nothing is expected of an agent that is blocked; when its limit is over it is told to go on. */
  async #checkBlock(loop: LoopConfig, block: LoopBlock, memory: Memory): Promise<void> {
    rest(memory);
    if (block.until !== undefined && block.until <= Date.now()) await this.#actions.goOn(loop);
    else if (endsByAsking(block)) return;
    else if (memory.sign === undefined && !this.#actions.isHeard(loop)) await this.#actions.cleared(loop);
  }

  async #checkStalls(quiet: readonly { one: WatchedLoop; memory: Memory }[]): Promise<void> {
    const table = await readProcessTable();
    for (const { one, memory } of quiet) {
      const { loop, pane } = one;
      if (loop.stall === undefined) continue;
      const touches = await readTouches(loop.clone, heartbeatFile(this.#config, loop.name));
      const progress = this.#actions.progressOf(loop);
      const signs: ProgressSigns =
        progress === undefined
          ? { screen: memory.screen, ...touches, ...readTree(table, pane.pid), steps: 0, actions: 0 }
          : {
              // Its frame and its own CPU change while it waits for an answer that never comes.
              screen: '',
              ...touches,
              ...readTree(table, pane.pid, 'below'),
              steps: progress.steps,
              actions: progress.actions,
            };
      const now = performance.now();
      const seconds = (now - memory.signsAt) / 1000;
      const { moved, stall } = judgeProgress(memory.stall, memory.signs, signs, seconds, now);
      memory.stall = stall;
      // Over too short a time the CPU that a busy machine leaves an agent looks like none.
      if (memory.signs === undefined || moved || seconds * 1000 >= interval) {
        memory.signs = signs;
        memory.signsAt = now;
      }
      const waiting = this.#waiting(one, memory);
      if (waiting !== undefined) memory.waiting ??= { escalated: false };
      else if (memory.waiting !== undefined) {
        // What it waited for has come: it has its time from here.
        delete memory.waiting;
        memory.stall = { ...memory.stall, progressAt: now, rungAt: now };
      }
      const rung = nextRung(memory.stall, loop.stall, now, waiting !== undefined);
      if (rung === undefined) continue;
      const quietMs = Math.round(now - memory.stall.progressAt);
      if (memory.waiting === undefined) memory.stall = { ...memory.stall, taken: rung.taken, rungAt: now };
      else if (memory.waiting.escalated) continue;
      else memory.waiting.escalated = true;
      await this.#actions.stalled(loop, rung.rung, quietMs, waiting);
    }
  }

  /** Why an agent is not to be disturbed: a key that is pressed then may answer something, or be lost. */
  #waiting({ loop, ready }: WatchedLoop, memory: Memory): string | undefined {
    const dialog = this.#actions.dialogOf(loop) ?? memory.dialog;
    if (dialog !== undefined) return `it shows ${dialog}`;
    return ready ? undefined : 'it is still starting';
  }
}

/** Nothing is expected of it now: its time begins again. */
function rest(memory: Memory): void {
  const now = performance.now();
  memory.stall = { progressAt: now, taken: 0, rungAt: now, answered: 0 };
}

/**
 * tmux tells the last output to the second, by a clock that may be set: what came later in that second is not in a screen
 * read within it.
 */
function mayHaveChanged({ activity }: Pane, memory: Memory): boolean {
  if (activity !== memory.activity) {
    memory.activity = activity;
    memory.activeAt = performance.now();
  }
  return memory.readAt < memory.activeAt + 1000;
}
