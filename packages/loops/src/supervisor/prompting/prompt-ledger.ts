import type { TypedPrompt } from '../../state/rig-state.ts';
import type { RigStore } from '../../state/rig-store.ts';

/** How many ids of prompts are remembered for each loop. */
const remembered = 20;

/** Which prompts were typed into agents, and which of those were taken, by their ids. */
export class PromptLedger {
  readonly #store: RigStore;

  constructor(store: RigStore) {
    this.#store = store;
  }

  isTaken(name: string, id: string): boolean {
    return this.#store.loop(name).prompts?.includes(id) === true;
  }

  /** A prompt that was typed before and is not known to be taken; `isOfSession`: in the session that the loop is still in. */
  typed(name: string, id: string): (TypedPrompt & { readonly isOfSession: boolean }) | undefined {
    const { typed, session } = this.#store.loop(name);
    const found = typed?.find((one) => one.id === id);
    return found === undefined ? undefined : { ...found, isOfSession: found.session === session };
  }

  /** @param since how many prompts the transcript of its agent has. */
  async noteTyped(name: string, id: string, since: number): Promise<void> {
    const { typed = [], session } = this.#store.loop(name);
    this.#store.change(name, { typed: [...typed, { id, session, since }].slice(-remembered) });
    await this.#store.save();
  }

  async noteTaken(name: string, id: string): Promise<void> {
    const { prompts = [], typed = [], run } = this.#store.loop(name);
    if (id === `start-${run}`) {
      this.#store.forgetPending(name);
      this.#store.change(name, { readsNote: undefined });
    }
    this.#store.change(name, {
      prompts: [...prompts, id].slice(-remembered),
      typed: typed.filter((one) => one.id !== id),
    });
    await this.#store.save();
  }
}
