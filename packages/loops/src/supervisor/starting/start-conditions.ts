import type { LoopConfig } from '../../config/rig-config.ts';
import { availableMemory } from '../../processes/free-memory.ts';
import type { KeeperContext } from '../context/keeper-parts.ts';

/** Until another look when memory is short, in milliseconds. */
const memoryPause = 5000;

/** Whether a wanted loop that does not run is to be started now, and else what it waits for. */
export class StartConditions {
  readonly #context: KeeperContext;
  #lastStartAt = -Infinity;

  constructor(context: KeeperContext) {
    this.#context = context;
  }

  /** Whether its turn has come. What ends the waiting asks for a round, by a timer where there is none else. */
  isDue(loop: LoopConfig): boolean {
    return !this.#isBlocked(loop) && !this.#isOver(loop) && !this.#mustWait(loop);
  }

  /** Whether there is less free memory than the rig's floor; then all of them wait. */
  async memoryIsShort(loops: readonly LoopConfig[]): Promise<boolean> {
    const { config, runtimes, rounds } = this.#context;
    if (config.memoryFloor === 0) return false;
    const available = await availableMemory();
    if (available >= config.memoryFloor) return false;
    const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
    const why = `${mib(available)} MiB of memory are available, the floor is ${mib(config.memoryFloor)} MiB`;
    for (const { name } of loops) runtimes.of(name).waitingFor = why;
    rounds.within(memoryPause);
    return true;
  }

  #isBlocked(loop: LoopConfig): boolean {
    const { store, emit, runtimes, rounds } = this.#context;
    const { block } = store.loop(loop.name);
    if (block === undefined) return false;
    const now = Date.now();
    if (block.until === undefined || block.until > now) {
      runtimes.of(loop.name).waitingFor = block.detail;
      if (block.until !== undefined) rounds.within(block.until - now);
      return true;
    }
    store.unblock(loop.name);
    emit({ type: 'unblocked', loop: loop.name, reason: `the ${block.reason} is over` });
    return false;
  }

  /** It ended, and its policy is to leave it so. */
  #isOver(loop: LoopConfig): boolean {
    const { lastExit, endedRun, nextStartAt } = this.#context.runtimes.of(loop.name);
    const ended = lastExit !== undefined && endedRun === this.#context.store.loop(loop.name).run;
    return ended && nextStartAt === undefined;
  }

  #mustWait(loop: LoopConfig): boolean {
    const { config, runtimes, rounds } = this.#context;
    const runtime = runtimes.of(loop.name);
    const now = performance.now();
    if (runtime.nextStartAt !== undefined && runtime.nextStartAt > now) {
      rounds.within(runtime.nextStartAt - now);
      return true;
    }
    const missing = loop.after.find((other) => !runtimes.of(other).ready);
    if (missing !== undefined) {
      runtime.waitingFor = `waits for ${missing}`;
      return true;
    }
    const stagger = this.#lastStartAt + config.stagger - now;
    if (config.stagger > 0 && stagger > 0) {
      runtime.waitingFor = 'waits for its turn';
      rounds.within(stagger);
      return true;
    }
    this.#lastStartAt = now;
    return false;
  }
}
