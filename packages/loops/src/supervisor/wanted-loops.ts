import type { LoopConfig } from '../config/rig-config.ts';
import type { RigEventBody } from '../events/rig-event.ts';
import type { LoopKeeper } from './keeping/loop-keeper.ts';
import type { RigStore } from '../state/rig-store.ts';
import { adapterOf } from '../agents/find-adapter.ts';

/** Which loops are wanted, and that what runs follows from it. */
export class WantedLoops {
  readonly #store: RigStore;
  readonly #keeper: LoopKeeper;
  readonly #emit: (event: RigEventBody) => void;
  readonly #tellToGoOn: (loop: LoopConfig) => void;

  constructor(
    store: RigStore,
    keeper: LoopKeeper,
    emit: (event: RigEventBody) => void,
    tellToGoOn: (loop: LoopConfig) => void,
  ) {
    this.#store = store;
    this.#keeper = keeper;
    this.#emit = emit;
    this.#tellToGoOn = tellToGoOn;
  }

  /** Makes loops wanted, now and after every reboot, and lifts what blocked them. */
  async want(loops: readonly LoopConfig[]): Promise<void> {
    for (const loop of loops) {
      const { name } = loop;
      const { block } = this.#store.loop(name);
      const blocked = block !== undefined;
      // It goes on in its session, and is asked again at the end of its next turn.
      if (block?.reason === 'handoff') this.#store.change(name, { handoff: undefined });
      this.#store.unblock(name);
      this.#store.change(name, { wanted: true, recentRestarts: 0 });
      this.#keeper.runtime(name).nextStartAt = 0;
      this.#emit({ type: 'wanted', loop: name, wanted: true });
      if (!blocked) continue;
      this.#emit({ type: 'unblocked', loop: name, reason: 'started by hand' });
      // One that waits at an empty prompt goes on only when it is told to.
      const isThere = this.#keeper.runtime(name).pid !== undefined;
      if (isThere && adapterOf(loop).hooks !== undefined) this.#tellToGoOn(loop);
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

  /**
   * Stops loops and starts them again at once, but for those that were made unwanted meanwhile. With `fresh` their agents
   * begin a new session.
   */
  async restart(loops: readonly LoopConfig[], fresh: boolean, reason: string): Promise<void> {
    for (const { name } of loops) this.#store.change(name, { wanted: true });
    await Promise.all(
      loops.map(async (loop) => {
        await this.#keeper.stop(loop, reason, { only: 'agent' });
        // Before it is started again, which does not wait for the others.
        if (fresh) this.#store.forgetSession(loop.name);
      }),
    );
    await this.want(loops.filter(({ name }) => this.#store.loop(name).wanted));
  }
}
