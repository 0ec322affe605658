import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoopConfig } from '../../config/rig-config.ts';
import { RequestRefusedError } from '../../errors.ts';
import type { LoopState } from '../../state/rig-state.ts';
import { deliverPrompt } from './deliver-prompt.ts';
import type { KeeperParts } from '../context/keeper-parts.ts';
import { resumes } from '../starting/loop-command.ts';
import type { LoopRuntime } from '../context/loop-runtime.ts';
import { Turns } from '../../concurrency/turns.ts';

/** From an agent's start until its prompt is typed, in milliseconds, when nothing says when it is ready. */
const promptPause = 300;
/** How many ids of prompts are remembered for each loop. */
const remembered = 20;

/** Types prompts into agents, one at a time for each, and none twice. */
export class Prompter {
  readonly #parts: Pick<KeeperParts, 'store' | 'link' | 'emit' | 'signal'>;
  readonly #runtime: (loop: string) => LoopRuntime;
  readonly #turns = new Turns();

  constructor(
    parts: Pick<KeeperParts, 'store' | 'link' | 'emit' | 'signal'>,
    runtime: (loop: string) => LoopRuntime,
  ) {
    this.#parts = parts;
    this.#runtime = runtime;
  }

  /**
   * Types a prompt into a loop's agent, byte for byte, and submits it.
   *
   * @returns false when a prompt of this id was typed before; then nothing is.
   * @throws {RequestRefusedError} `PROMPT_REFUSED`: no agent runs there, or it shows a menu; nothing was typed.
   */
  async prompt(loop: LoopConfig, text: Uint8Array, id: string): Promise<boolean> {
    return this.#turns.take(loop.name, () => this.#type(loop, text, id));
  }

  /** Types the config's own prompt once the agent is ready, or shortly after its start when nothing says when it is. */
  async promptStarted(loop: LoopConfig, state: LoopState & { readonly run: string }): Promise<void> {
    if (loop.prompt?.deliver !== 'paste' || resumes(loop, state)) return;
    const { store, signal, emit } = this.#parts;
    const isCurrent = (): boolean => store.loop(loop.name).run === state.run;
    try {
      const text = await readFile(loop.prompt.file);
      do await delay(promptPause, undefined, { signal });
      while (!this.#runtime(loop.name).ready && isCurrent());
      if (isCurrent()) await this.prompt(loop, text, `start-${state.run}`);
    } catch (error) {
      if (signal.aborted) return;
      const why = error instanceof Error ? error.message : String(error);
      emit({ type: 'start-failed', loop: loop.name, reason: `its prompt was not typed: ${why}` });
    }
  }

  async #type(loop: LoopConfig, text: Uint8Array, id: string): Promise<boolean> {
    const { store, link, emit } = this.#parts;
    const { name } = loop;
    const delivered = store.loop(name).prompts ?? [];
    if (delivered.includes(id)) return false;
    const tmux = link.current;
    const pane = (await tmux?.panes())?.find(({ loop: owner }) => owner === name);
    if (tmux === undefined || pane === undefined || pane.dead) {
      throw new RequestRefusedError('PROMPT_REFUSED', `${name} is not running; nothing was typed`);
    }
    await deliverPrompt(tmux, pane.id, loop, text, async () => {
      store.change(name, { prompts: [...delivered, id].slice(-remembered) });
      await store.save();
    });
    emit({ type: 'prompted', loop: name, bytes: text.length, id });
    return true;
  }
}
