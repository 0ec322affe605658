import { readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentEvent } from '../../agents/agent-event.ts';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { Background } from '../../concurrency/background.ts';
import type { LoopConfig } from '../../config/rig-config.ts';
import { LoopsError } from '../../errors.ts';
import type { RigEventBody } from '../../events/rig-event.ts';
import type { ContextHandoffState } from '../../state/rig-state.ts';
import type { RigStore } from '../../state/rig-store.ts';
import type { LoopKeeper } from '../keeping/loop-keeper.ts';
import type { AgentWatch } from './agent-watch.ts';

export interface ContextHandoffParts {
  readonly store: RigStore;
  readonly keeper: LoopKeeper;
  readonly agents: AgentWatch;
  readonly emit: (event: RigEventBody) => void;
  readonly background: Background;
  readonly signal: AbortSignal;
  /** Gives an agent the question for its note, past what refuses prompts meanwhile. */
  readonly ask: (loop: LoopConfig, text: string, id: string) => Promise<unknown>;
}

type Policy = NonNullable<LoopConfig['contextHandoff']>;

/** From the end of a turn until all of it is in the agent's transcript, in milliseconds. */
const transcriptPause = 500;
/** After a question that could not be asked, in milliseconds. */
const retryPause = 60_000;

/**
 * Hands a session over to a fresh one when its context fills up: at the end of a turn the agent is asked for a note, and
 * only when the note is there, newer than the question, a new session begins that is told to read it. Without the note the
 * loop is held, and a person decides.
 */
export class ContextHandoff {
  readonly #parts: ContextHandoffParts;
  /** Loops whose agents have ended their turn, as far as was heard since this supervisor began. */
  readonly #idle = new Set<string>();
  readonly #busy = new Set<string>();
  readonly #notBefore = new Map<string, number>();

  constructor(parts: ContextHandoffParts) {
    this.#parts = parts;
  }

  /** What an agent's hooks tell of its turns. */
  hear(loop: LoopConfig, event: AgentEvent): void {
    const { store, background } = this.#parts;
    const { name, contextHandoff: policy } = loop;
    if (policy === undefined) return;
    const { handoff } = store.loop(name);
    if (event.type === 'prompted') {
      this.#idle.delete(name);
      if (handoff === undefined) return;
      const isQuestion = adapterOf(loop).isSamePrompt(questionOf(policy), event.text);
      store.change(name, { handoff: { ...handoff, taken: handoff.taken || isQuestion, ended: false } });
    } else if (event.type === 'turn-ended') {
      this.#idle.add(name);
      if (handoff?.taken === true) {
        store.change(name, { handoff: { ...handoff, ended: true } });
        background.run(() => store.save());
      }
      this.look(loop);
    }
  }

  /** A run of the agent begins: what the one before was asked is over. */
  forgetRun({ name }: LoopConfig): void {
    this.#idle.delete(name);
    if (this.#parts.store.loop(name).handoff !== undefined)
      this.#parts.store.change(name, { handoff: undefined });
  }

  /** Sees whether something is to be asked, or has been answered; it is done beside all else. */
  look(loop: LoopConfig): void {
    const { background } = this.#parts;
    const { name, contextHandoff: policy } = loop;
    if (policy === undefined || this.#busy.has(name)) return;
    this.#busy.add(name);
    background.run(async () => {
      try {
        await this.#step(loop, policy);
      } finally {
        this.#busy.delete(name);
      }
    });
  }

  async #step(loop: LoopConfig, policy: Policy): Promise<void> {
    const { store, keeper } = this.#parts;
    const { handoff, block, wanted } = store.loop(loop.name);
    if (!wanted || keeper.hold !== undefined) return;
    if (handoff === undefined) {
      if (block === undefined && (await this.#isDue(loop, policy))) await this.#ask(loop, policy);
    } else if (block !== undefined && block.reason !== 'handoff') {
      // A limit, for example: it is asked again when that is over.
      store.change(loop.name, { handoff: undefined });
    } else if (handoff.ended && (await isNewNote(policy, handoff))) await this.#handOver(loop, policy);
    else if (block === undefined && (handoff.ended || Date.now() > handoff.askedAt + policy.patience))
      await this.#hold(loop, policy, handoff);
  }

  async #isDue(loop: LoopConfig, { at }: Policy): Promise<boolean> {
    const { store, keeper, agents } = this.#parts;
    const { name } = loop;
    if (!this.#idle.has(name) || performance.now() < (this.#notBefore.get(name) ?? 0)) return false;
    const { ready, pid, busy } = keeper.runtime(name);
    if (!ready || pid === undefined || busy !== undefined || store.loop(name).pending !== undefined)
      return false;
    const progress = await agents.progress(loop);
    return (progress?.context ?? 0) >= at && this.#idle.has(name);
  }

  async #ask(loop: LoopConfig, policy: Policy): Promise<void> {
    const { store, agents, emit, signal, ask } = this.#parts;
    const { name } = loop;
    const askedAt = Date.now();
    store.change(name, { handoff: { askedAt, taken: false, ended: false } });
    // The question is known before it is asked: a note is held against that time.
    await store.save();
    const context = agents.life(loop).progress?.context ?? 0;
    emit({ type: 'handoff-asked', loop: name, context, note: policy.note });
    try {
      await ask(loop, questionOf(policy), `handoff-${askedAt}`);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof LoopsError)) throw error;
      emit({ type: 'prompt-failed', loop: name, id: `handoff-${askedAt}`, detail: error.message });
      if (error.code === 'PROMPT_UNACKNOWLEDGED') return;
      // Nothing was typed.
      store.change(name, { handoff: undefined });
      this.#notBefore.set(name, performance.now() + retryPause);
    }
  }

  async #handOver(loop: LoopConfig, { note }: Policy): Promise<void> {
    const { store, keeper, emit, signal } = this.#parts;
    const { name } = loop;
    const { session, block } = store.loop(name);
    await delay(transcriptPause, undefined, { signal });
    // A person may have given it something meanwhile: it is handed over after that.
    if (store.loop(name).handoff?.ended !== true) return;
    await keeper.stop(loop, 'it is handed over to a new session', { only: 'agent' });
    store.forgetSession(name);
    store.change(name, { handoff: undefined, readsNote: true });
    store.unblock(name);
    emit({ type: 'handed-over', loop: name, from: session ?? '', note });
    if (block !== undefined) emit({ type: 'unblocked', loop: name, reason: 'the handoff note came' });
    await store.save();
    await keeper.reconcile();
  }

  async #hold(
    { name }: LoopConfig,
    { note, patience }: Policy,
    { ended }: ContextHandoffState,
  ): Promise<void> {
    const { store, emit } = this.#parts;
    const why = ended
      ? 'its turn ended without it'
      : `it did not come within ${Math.round(patience / 1000)} s`;
    const detail =
      `it was asked for a handoff note at ${note}, and ${why}; a new session begins only when the note is there. ` +
      `Have it written (loops attach ${name}), or go on in this session: loops start ${name}`;
    store.change(name, { block: { reason: 'handoff', detail, at: Date.now() } });
    emit({ type: 'blocked', loop: name, reason: 'handoff', detail });
    emit({ type: 'escalated', loop: name, detail });
    await store.save();
  }
}

function questionOf({ ask, note }: Policy): string {
  return ask.replaceAll('{note}', note);
}

/** A note that an earlier question brought is none, nor is what cannot be read: the agent has put it there. */
async function isNewNote({ note }: Policy, { askedAt }: ContextHandoffState): Promise<boolean> {
  try {
    const seen = await stat(note);
    return seen.isFile() && seen.mtimeMs > askedAt && (await readFile(note, 'utf8')).trim() !== '';
  } catch {
    return false;
  }
}
