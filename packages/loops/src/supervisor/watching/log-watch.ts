import { access } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { RigConfig } from '../../config/rig-config.ts';
import type { RigEventBody } from '../../events/rig-event.ts';
import type { RigTmux } from '../../tmux/rig-tmux.ts';
import { loggerCommand, logPath, logTroublePath } from '../starting/logger.ts';
import type { WatchedLoop } from './loop-watcher.ts';

/** Between two events about the same log, in milliseconds. */
const pause = 60_000;
/** How long a logger may take to make its log, in milliseconds. */
const loggerPatience = 3000;

/** Keeps the logs of the agents that run: a logger that ended is started again, and a log that was removed is made again. */
export class LogWatch {
  readonly #config: RigConfig;
  readonly #emit: (event: RigEventBody) => void;
  readonly #toldAt = new Map<string, number>();

  constructor(config: RigConfig, emit: (event: RigEventBody) => void) {
    this.#config = config;
    this.#emit = emit;
  }

  async look(tmux: Pick<RigTmux, 'pipe'>, watched: readonly WatchedLoop[]): Promise<void> {
    for (const { loop, pane, since } of watched) {
      const log = logPath(this.#config, loop.name);
      const isThere = await exists(log);
      // The logger of a new agent has yet to make its log.
      if (!isThere && performance.now() - since < loggerPatience) continue;
      if (!pane.piped || !isThere) {
        await tmux.pipe(pane.id, loggerCommand(this.#config, loop));
        this.#tell(
          loop.name,
          isThere ? 'its logger had ended; it runs again' : `${log} was removed; it is made again`,
        );
      } else if (await exists(logTroublePath(this.#config, loop.name))) {
        this.#tell(loop.name, `${log} cannot be written, so output is lost; is the disk full?`);
      }
    }
  }

  #tell(loop: string, detail: string): void {
    const now = performance.now();
    if (now - (this.#toldAt.get(loop) ?? -pause) < pause) return;
    this.#toldAt.set(loop, now);
    this.#emit({ type: 'log-trouble', loop, detail });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await unlessAbsent(access(path).then(() => true))) === true;
}
