import type { LoopConfig } from '../config/rig-config.ts';
import type { RigEventBody } from '../events/rig-event.ts';
import type { LoopKeeper } from './keeping/loop-keeper.ts';
import type { RigStore } from '../state/rig-store.ts';

/** Which loops are wanted, and that what runs follows from it. */
export class WantedLoops {
  readonly #store: RigStore;
  readonly #keeper: LoopKeeper;
  readonly #emit: (event: RigEventBody) => void;

  constructor(store: RigStore, keeper: LoopKeeper, emit: (event: RigEventBody) => void) {
    this.#store = store;
    this.#keeper = keeper;
    this.#emit = emit;
  }

  /** Makes loops wanted, now and after every reboot, and lifts what blocked them. */
  async want(loops: readonly LoopConfig[]): Promise<void> {
    for (const { name } of loops) {
      const blocked = this.#store.loop(name).block !== undefined;
      this.#store.unblock(name);
      this.#store.change(name, { wanted: true, recentRestarts: 0 });
      this.#keeper.runtime(name).nextStartAt = 0;
      this.#emit({ type: 'wanted', loop: name, wanted: true });
      if (blocked) this.#emit({ type: 'unblocked', loop: name, reason: 'started by hand' });
    }
    await this.#store.save();
    await this.#keeper.reconcile();
  }

  /** Makes loops unwanted, and stops them. */
  async unwant(loops: readonly LoopConfig[]): Promise<void> {
    for (const { name } of loops) {
      this.#store.change(name, { wanted: false });
      this.#emit({ type: 'wanted', loop: name, wanted: false });
    }
    await this.#store.save();
    await Promise.all(loops.map((loop) => this.#keeper.stop(loop, 'stopped by hand')));
    await this.#keeper.reconcile();
  }

  /** Stops loops and starts them again at once. With `fresh` their agents begin a new session. */
  async restart(loops: readonly LoopConfig[], fresh: boolean, reason: string): Promise<void> {
    await Promise.all(
      loops.map(async (loop) => {
        await this.#keeper.stop(loop, reason, { only: 'agent' });
        // Before it is started again, which does not wait for the others.
        if (fresh) this.#store.forgetSession(loop.name);
      }),
    );
    await this.want(loops);
  }
}
