import type { Pane } from '../../tmux/rig-tmux.ts';
import type { LoopRuntime } from '../context/loop-runtime.ts';
import type { KeeperContext } from '../context/keeper-parts.ts';
import { isAlive, isZombie } from '../../processes/reap-runs.ts';

/** How long a process may be gone until it counts as ended, though tmux does not say so; milliseconds. */
const gonePatience = 200;
/**
 * The same for one that is still there though its terminal is closed. It is about to end, and tmux learns how only
 * then: on a busy machine that takes its time.
 */
const endingPatience = 5000;
/** A look for zombies costs more than one for life, so it goes round all processes in so many looks. */
const zombieLooks = 10;

/** Whether processes live, where their panes do not tell: a child holds a terminal open, or tmux missed an end. */
export class Liveness {
  readonly #context: Pick<KeeperContext, 'runtimes' | 'rounds'>;
  #nextZombie = 0;

  constructor(context: Pick<KeeperContext, 'runtimes' | 'rounds'>) {
    this.#context = context;
  }

  /** Asks for a round when a process ended of which tmux believes that it is alive. */
  check(): void {
    const pids = this.#context.runtimes
      .all()
      .flatMap(({ pid, ending }) => (pid === undefined || ending !== undefined ? [] : [pid]));
    const some = Array.from(
      { length: Math.ceil(pids.length / zombieLooks) },
      () => pids[this.#nextZombie++ % pids.length],
    );
    const ended = pids.some((pid) => !isAlive(pid)) || some.some((pid) => pid !== undefined && isZombie(pid));
    if (ended) this.#context.rounds.soon();
  }

  /** Whether a process ended some time ago, and the state of its pane will say no more about it. */
  isGone(runtime: LoopRuntime, pane: Pane): boolean {
    const isThere = isAlive(pane.pid);
    if (!pane.dead && isThere) {
      delete runtime.ending;
      return false;
    }
    const now = performance.now();
    if (runtime.ending?.isThere !== isThere) runtime.ending = { isThere, since: now };
    const patience = runtime.ending.since + (isThere ? endingPatience : gonePatience) - now;
    if (patience > 0) this.#context.rounds.within(Math.min(patience, gonePatience));
    return patience <= 0;
  }
}
