import { join } from 'node:path';
import type { AgentProgress } from '../../agents/agent-adapter.ts';
import type { AgentEvent } from '../../agents/agent-event.ts';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { Background } from '../../concurrency/background.ts';
import { CleanupStack } from '../../concurrency/cleanup-stack.ts';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import { agentFolder } from '../../config/rig-places.ts';
import type { RigEventBody } from '../../events/rig-event.ts';
import { endsByAsking } from '../../state/rig-state.ts';
import type { RigStore } from '../../state/rig-store.ts';
import type { LoopKeeper } from '../keeping/loop-keeper.ts';
import { type AgentLife, AgentLives } from './agent-life.ts';
import { SpoolWatch, type SpooledHook } from './spool-watch.ts';
import { Transcripts } from './transcripts.ts';

export interface AgentWatchParts {
  readonly config: RigConfig;
  readonly store: RigStore;
  readonly keeper: LoopKeeper;
  readonly emit: (event: RigEventBody) => void;
  readonly background: Background;
  /** Called with what a loop's own agent told, once it was noted. */
  readonly onEvent: (loop: LoopConfig, event: AgentEvent) => void;
}

/** Hears what the agents' hooks tell: readiness, prompts that were taken, turns that failed, sessions that follow others. */
export class AgentWatch implements AsyncDisposable {
  readonly #parts: AgentWatchParts;
  readonly #lives = new AgentLives();
  readonly #cleanup = new CleanupStack();
  readonly #spools = new Map<string, SpoolWatch>();
  readonly #transcripts: Transcripts;

  constructor(parts: AgentWatchParts) {
    this.#parts = parts;
    this.#transcripts = new Transcripts(parts.config, parts.store, this.#lives);
  }

  /** Takes what was told while no supervisor was there, and listens from then on. */
  async begin(): Promise<void> {
    for (const loop of this.#parts.config.loops) await this.catchUp(loop);
  }

  /** What is known about a loop's agent. */
  life(loop: LoopConfig): AgentLife {
    return this.#lives.of(loop.name, adapterOf(loop));
  }

  /** A new run of a loop's agent begins: it has taken no prompt, shows no dialog and follows no session of its own yet. */
  forgetRun(loop: LoopConfig): void {
    const life = this.life(loop);
    life.acknowledgements.forget();
    delete life.dialog;
    this.#parts.store.change(loop.name, { turnSince: undefined, successor: undefined });
  }

  /** Takes what the hooks of a loop have told and what has not been noticed yet. */
  async catchUp(loop: LoopConfig): Promise<void> {
    if (adapterOf(loop).hooks === undefined) return;
    const { config, background } = this.#parts;
    let spool = this.#spools.get(loop.name);
    if (spool === undefined) {
      const { name } = loop;
      spool = SpoolWatch.open(
        join(agentFolder(config, name), 'spool'),
        (hook) => this.#hear(name, hook),
        (work) => background.run(work),
      );
      this.#spools.set(name, spool);
      this.#cleanup.use(spool);
    }
    await spool.take();
  }

  /** Whether the hooks of the run that is under way were heard. */
  isHeard({ name }: LoopConfig): boolean {
    const { run, heardRun } = this.#parts.store.loop(name);
    return run !== undefined && run === heardRun;
  }

  /** Reads what a loop's agent has done since. */
  async progress(loop: LoopConfig): Promise<AgentProgress | undefined> {
    return this.#transcripts.read(loop);
  }

  /** How many prompts are in the transcript of a loop's agent. */
  async promptsSoFar(loop: LoopConfig): Promise<number> {
    await this.progress(loop);
    return this.life(loop).transcript?.reader.prompts ?? 0;
  }

  /** Whether the transcript of a loop's agent has a text among the prompts after the first `since`. */
  async isInTranscript(loop: LoopConfig, text: string, since: number): Promise<boolean> {
    await this.progress(loop);
    return this.life(loop).transcript?.reader.hasTaken(text, since) === true;
  }

  /** The hooks of an agent that is ready are not heard; told once for each run. */
  noteSilence(loop: LoopConfig, detail: string): void {
    const life = this.life(loop);
    const { run } = this.#parts.store.loop(loop.name);
    if (life.silentRun === run) return;
    life.silentRun = run;
    this.#parts.emit({ type: 'hooks-silent', loop: loop.name, detail });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup[Symbol.asyncDispose]();
  }

  async #hear(name: string, { run, json, at }: SpooledHook): Promise<void> {
    const { store, config } = this.#parts;
    const loop = config.loops.find((one) => one.name === name);
    if (loop === undefined) return;
    const event = adapterOf(loop).hooks?.parse(json);
    // What an agent of an earlier run told is over.
    if (event === undefined || run !== store.loop(loop.name).run) return;
    if (!this.#isOwn(loop, event)) return;
    if (event.type === 'turn-ended' && (await this.#hasNext(loop, at))) {
      // The next turn begins at once, and not every version tells of that.
      this.#liftBlock(loop, at);
      store.change(name, { turnSince: at });
    } else {
      this.#act(loop, event, at);
      this.#parts.onEvent(loop, event);
    }
    // Before its file is removed: the next supervisor would hear nothing of it any more.
    await store.save();
  }

  /** Whether a prompt stood behind the turn that ended, in this run of the agent: an earlier one took its own with it. */
  async #hasNext(loop: LoopConfig, at: number): Promise<boolean> {
    await this.progress(loop);
    const { startedAt = 0 } = this.#parts.store.loop(loop.name);
    return (this.life(loop).transcript?.reader.queued(startedAt, at) ?? 0) > 0;
  }

  /** An agent may start others of its kind, which inherit its hooks: what they tell is theirs. */
  #isOwn(loop: LoopConfig, event: AgentEvent): boolean {
    const { store, emit } = this.#parts;
    const { session, successor } = store.loop(loop.name);
    if (event.session === session) return true;
    if (event.type !== 'session' || !event.cleared || successor !== true) return false;
    store.change(loop.name, { session: event.session });
    emit({ type: 'session', loop: loop.name, session: event.session });
    return true;
  }

  /** @param at when it was told, in Unix milliseconds: no supervisor may have been there. */
  #act(loop: LoopConfig, event: AgentEvent, at: number): void {
    const { store, keeper, background } = this.#parts;
    const { name } = loop;
    const life = this.life(loop);
    if (!this.isHeard(loop)) store.change(name, { heardRun: store.loop(name).run });
    switch (event.type) {
      case 'session':
        store.change(name, { successor: undefined });
        if (event.transcript !== undefined) store.change(name, { transcript: event.transcript });
        keeper.markReady(loop);
        break;
      case 'prompted':
        delete life.dialog;
        life.acknowledgements.take(event.text);
        this.#noteTurn(name, at);
        break;
      case 'turn-ended':
        delete life.dialog;
        this.#noteTurn(name, undefined);
        this.#liftBlock(loop, at);
        break;
      case 'failed': {
        this.#noteTurn(name, undefined);
        const sign = life.adapter.hooks?.signOf(event, at);
        if (sign !== undefined) background.run(() => keeper.block(loop, sign, at));
        break;
      }
      case 'dialog':
        this.noteDialog(loop, event.words);
        break;
      case 'session-ended':
        store.change(name, { successor: true });
        break;
    }
  }

  /** @param since when the turn began that is under way; `undefined`: none is. */
  #noteTurn(name: string, since: number | undefined): void {
    const { store } = this.#parts;
    if (since !== undefined && store.loop(name).turnSince !== undefined) return;
    store.change(name, { turnSince: since });
  }

  /** A turn that ended well after what blocked the agent was said: it is over. */
  #liftBlock({ name }: LoopConfig, at: number): void {
    const { store, emit, keeper, background } = this.#parts;
    const { block } = store.loop(name);
    if (block?.at === undefined || block.at >= at) return;
    if (endsByAsking(block)) return;
    store.unblock(name);
    emit({ type: 'unblocked', loop: name, reason: 'it goes on' });
    background.run(async () => {
      await store.save();
      await keeper.reconcile();
    });
  }

  /** A dialog waits, or waits no more; told once for each. */
  noteDialog(loop: LoopConfig, words: string | undefined): void {
    const life = this.life(loop);
    if (words !== undefined && life.dialog === undefined) {
      this.#parts.emit({ type: 'dialog', loop: loop.name, detail: words });
    }
    life.dialog = words;
  }
}
