import { setTimeout as delay } from 'node:timers/promises';
import { adapterOf } from '../../agents/find-adapter.ts';
import { Turns } from '../../concurrency/turns.ts';
import type { LoopConfig } from '../../config/rig-config.ts';
import { RequestRefusedError } from '../../errors.ts';
import type { PendingWords } from '../../state/rig-state.ts';
import type { AgentWatch } from '../agents/agent-watch.ts';
import type { PromptTarget } from './input-line.ts';
import type { KeeperParts } from '../context/keeper-parts.ts';
import type { LoopRuntime } from '../context/loop-runtime.ts';
import { wordsOf } from '../starting/prepare-start.ts';
import { deliverPrompt, submitTyped } from './deliver-prompt.ts';
import { PromptLedger } from './prompt-ledger.ts';

/** From an agent's start until its prompt is typed, in milliseconds, when nothing says when it is ready. */
const promptPause = 300;
/** How long an agent may take from its start until it acknowledges what its command line told it, in milliseconds. */
const toldPatience = 120_000;
/** How long a prompt waits for an agent that has not taken what it was told at its start, in milliseconds. */
const startPatience = 20_000;
/** Between two looks into the transcript of an agent whose acknowledgement is waited for, in milliseconds. */
const transcriptPause = 2000;

export interface PrompterParts extends Pick<KeeperParts, 'store' | 'link' | 'emit' | 'signal'> {
  readonly agents: AgentWatch;
  readonly runtime: (loop: string) => LoopRuntime;
}

/** Gives prompts to agents, one at a time for each, and none twice. */
export class Prompter {
  readonly #parts: PrompterParts;
  readonly #turns = new Turns();
  readonly #ledger: PromptLedger;

  constructor(parts: PrompterParts) {
    this.#parts = parts;
    this.#ledger = new PromptLedger(parts.store);
  }

  /**
   * Types a prompt into a loop's agent, byte for byte, and submits it.
   *
   * @returns false when the agent took a prompt of this id before; then nothing is typed.
   * @throws {RequestRefusedError} `PROMPT_REFUSED`: no agent runs there, it still starts, it shows a dialog or no input line,
   * or it would take the text for something else; nothing was typed. `PROMPT_UNACKNOWLEDGED`: it was typed, now or before, and the agent did
   * not say that it took it.
   */
  async prompt(loop: LoopConfig, text: Uint8Array, id: string): Promise<boolean> {
    await this.#untilBegun(loop);
    return this.#turns.take(loop.name, () => {
      const { handoff, block } = this.#parts.store.loop(loop.name);
      if (handoff === undefined || block !== undefined) return this.#type(loop, text, id);
      // The session would end before it has answered.
      throw new RequestRefusedError(
        'PROMPT_REFUSED',
        `${loop.name} writes a handoff note for a new session; nothing was typed. Try again when that has begun`,
      );
    });
  }

  /** Asks for a handoff note: the one prompt that an agent gets while its session is handed over. */
  async askForNote(loop: LoopConfig, text: string, id: string): Promise<boolean> {
    return this.#turns.take(loop.name, () => this.#type(loop, Buffer.from(text), id));
  }

  /** Sees to it that an agent that was started gets its words: waits for their acknowledgement, or types them when it is ready. */
  async promptStarted(loop: LoopConfig, run: string, pending: PendingWords): Promise<void> {
    const { signal, emit } = this.#parts;
    const id = `start-${run}`;
    try {
      const text = await wordsOf(loop, pending.what);
      if (pending.told) await this.#untilTold(loop, run, text, id);
      else await this.#typeWhenReady(loop, run, text, id);
    } catch (error) {
      // What a run was not told that is over is no matter any more: the next one is told its own.
      if (signal.aborted || !this.#isCurrent(loop, run)) return;
      const why = error instanceof Error ? error.message : String(error);
      this.#parts.agents.life(loop).promptProblem = why;
      emit({ type: 'prompt-failed', loop: loop.name, id, detail: why });
    }
  }

  /** An agent empties its input line when it takes what it was told at its start: what is typed before that is lost, or stays there. */
  async #untilBegun(loop: LoopConfig): Promise<void> {
    const { store, agents, runtime, signal } = this.#parts;
    const end = performance.now() + startPatience;
    const begins = (): boolean => {
      const { dialog, promptProblem } = agents.life(loop);
      const isAsked = dialog === undefined && promptProblem === undefined;
      return isAsked && runtime(loop.name).ready && store.loop(loop.name).pending?.told === true;
    };
    while (begins()) {
      if (performance.now() > end) {
        throw new RequestRefusedError(
          'PROMPT_REFUSED',
          `${loop.name} has not taken what it was told at its start; nothing was typed. Look with: loops attach ${loop.name}`,
        );
      }
      await delay(promptPause, undefined, { signal });
    }
  }

  #isCurrent(loop: LoopConfig, run: string | undefined): boolean {
    return this.#parts.store.loop(loop.name).run === run;
  }

  async #typeWhenReady(loop: LoopConfig, run: string, text: string, id: string): Promise<void> {
    const { signal, runtime } = this.#parts;
    do await delay(promptPause, undefined, { signal });
    while (!runtime(loop.name).ready && this.#isCurrent(loop, run));
    if (!this.#isCurrent(loop, run)) return;
    if (runtime(loop.name).lateReady === true) {
      throw new RequestRefusedError(
        'PROMPT_REFUSED',
        `it was not seen ready in time; nothing was typed. Look with: loops attach ${loop.name}`,
      );
    }
    await this.#turns.take(loop.name, async () => {
      // Another prompt may have had its turn until the next run.
      if (this.#isCurrent(loop, run)) await this.#type(loop, Buffer.from(text), id);
    });
  }

  async #untilTold(loop: LoopConfig, run: string, text: string, id: string): Promise<void> {
    const { signal, emit, agents } = this.#parts;
    const life = agents.life(loop);
    const { taken, giveUp } = life.acknowledgements.wait(text, true);
    const acknowledged = taken.then(() => true);
    const since = await agents.promptsSoFar(loop);
    const end = performance.now() + toldPatience;
    let isLate = false;
    try {
      while (!(await Promise.race([acknowledged, delay(transcriptPause, false, { signal })]))) {
        if (!this.#isCurrent(loop, run)) return;
        if (await agents.isInTranscript(loop, text, since)) break;
        if (isLate || performance.now() < end) continue;
        isLate = true;
        const dialog = life.dialog === undefined ? '' : `; it shows ${life.dialog}`;
        life.promptProblem = `what it was told at its start was not acknowledged within ${toldPatience / 1000} s${dialog}`;
        emit({ type: 'prompt-failed', loop: loop.name, id, detail: life.promptProblem });
      }
    } finally {
      giveUp();
    }
    await this.#ledger.noteTaken(loop.name, id);
    delete life.promptProblem;
    emit({ type: 'prompted', loop: loop.name, bytes: Buffer.byteLength(text), id });
  }

  /** A prompt that was typed and not acknowledged may have been taken since, as its transcript tells, or still waits for Enter. */
  async #finishTyped(
    loop: LoopConfig,
    words: string,
    { id, isOfSession, since }: NonNullable<ReturnType<PromptLedger['typed']>>,
  ): Promise<boolean> {
    const { agents } = this.#parts;
    const isTaken = isOfSession && (await agents.isInTranscript(loop, words, since));
    if (isTaken) return false;
    const target = isOfSession ? await this.#target(loop, words, since) : 'is in another session';
    if (typeof target !== 'string') {
      const { taken, giveUp } = agents.life(loop).acknowledgements.wait(words);
      try {
        if (await submitTyped({ ...target, taken }, words)) return true;
      } finally {
        giveUp();
      }
    }
    throw new RequestRefusedError(
      'PROMPT_UNACKNOWLEDGED',
      `a prompt with the id ${id} was typed into ${loop.name} before, and whether it was taken is not known; ` +
        `it was not typed again. Look with: loops attach ${loop.name}; another id has it typed`,
    );
  }

  /** @returns where a prompt is typed, or why there is no such place. */
  async #target(loop: LoopConfig, words: string, since: number): Promise<PromptTarget | string> {
    const { link, agents, signal, runtime, store } = this.#parts;
    const adapter = adapterOf(loop);
    const { run } = store.loop(loop.name);
    const tmux = link.current;
    const pane = (await tmux?.panes())?.find(({ loop: owner }) => owner === loop.name);
    if (tmux === undefined || pane === undefined || pane.dead) return 'is not running';
    if (adapter.hooks !== undefined && !runtime(loop.name).ready) return 'is still starting';
    return {
      tmux,
      paneId: pane.id,
      loop,
      adapter,
      signal,
      isCurrent: () => this.#isCurrent(loop, run),
      isInTranscript: () => agents.isInTranscript(loop, words, since),
    };
  }

  /** @returns whether it was submitted now. */
  async #type(loop: LoopConfig, text: Uint8Array, id: string): Promise<boolean> {
    const { emit, agents } = this.#parts;
    const { name } = loop;
    if (this.#ledger.isTaken(name, id)) return false;
    const words = Buffer.from(text).toString();
    const before = this.#ledger.typed(name, id);
    const isNow =
      before === undefined
        ? await this.#typeNow(loop, text, id)
        : await this.#finishTyped(loop, words, before);
    // Of an agent that acknowledges nothing that was noted when it was typed.
    if (adapterOf(loop).hooks !== undefined) await this.#ledger.noteTaken(name, id);
    delete agents.life(loop).promptProblem;
    emit({ type: 'prompted', loop: name, bytes: text.length, id });
    return isNow;
  }

  async #typeNow(loop: LoopConfig, text: Uint8Array, id: string): Promise<true> {
    const { agents } = this.#parts;
    const { name } = loop;
    const adapter = adapterOf(loop);
    const refuse = (why: string): RequestRefusedError =>
      new RequestRefusedError('PROMPT_REFUSED', `${name} ${why}; nothing was typed`);
    const words = Buffer.from(text).toString();
    const doubt = adapter.refusePrompt(words, 'typed');
    if (doubt !== undefined) throw refuse(`cannot be given this prompt as it is: ${doubt}`);
    const since = await agents.promptsSoFar(loop);
    const target = await this.#target(loop, words, since);
    if (typeof target === 'string') throw refuse(target);
    const waiting = adapter.hooks === undefined ? undefined : agents.life(loop).acknowledgements.wait(words);
    try {
      await deliverPrompt({ ...target, taken: waiting?.taken }, text, async () =>
        // Of an agent that acknowledges nothing no more is ever known than that.
        waiting === undefined ? this.#ledger.noteTaken(name, id) : this.#ledger.noteTyped(name, id, since),
      );
    } finally {
      waiting?.giveUp();
    }
    return true;
  }
}
