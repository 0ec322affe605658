import type { Pane } from '../tmux/rig-tmux.ts';
import type { LoopRuntime } from './loop-runtime.ts';
import type { KeeperContext } from './keeper-parts.ts';
import { isAlive, isZombie } from './reap.ts';

/** How long a process may be gone while its terminal is still held open, before it counts as ended; milliseconds. */
const heldTerminal = 200;
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
      .flatMap(({ pid, goneSince }) => (pid === undefined || goneSince !== undefined ? [] : [pid]));
    const some = Array.from(
      { length: Math.ceil(pids.length / zombieLooks) },
      () => pids[this.#nextZombie++ % pids.length],
    );
    const ended = pids.some((pid) => !isAlive(pid)) || some.some((pid) => pid !== undefined && isZombie(pid));
    if (ended) this.#context.rounds.soon();
  }

  /** Whether a process ended some time ago, and the state of its pane will say no more about it. */
  isGone(runtime: LoopRuntime, pane: Pane): boolean {
    if (!pane.dead && isAlive(pane.pid)) {
      delete runtime.goneSince;
      return false;
    }
    runtime.goneSince ??= performance.now();
    const patience = heldTerminal - (performance.now() - runtime.goneSince);
    if (patience > 0) this.#context.rounds.within(patience);
    return patience <= 0;
  }
}
