import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { Turns } from '../../concurrency/turns.ts';

/** What a hook left in a spool. */
export interface SpooledHook {
  /** The run of the agent that the hook belongs to. */
  readonly run: string;
  readonly json: string;
}

/**
 * Takes what hooks put into a folder, in the order in which they did, also what came while no supervisor was there. A
 * file is removed once it was taken.
 */
export class SpoolWatch implements Disposable {
  readonly #folder: string;
  readonly #onHook: (hook: SpooledHook) => void;
  readonly #turns = new Turns();
  readonly #watcher: FSWatcher;

  private constructor(
    folder: string,
    onHook: (hook: SpooledHook) => void,
    background: (work: () => Promise<unknown>) => void,
  ) {
    this.#folder = folder;
    this.#onHook = onHook;
    this.#watcher = watch(folder, () => background(() => this.take()));
    // A folder that is gone tells no more; each look asks it all the same.
    this.#watcher.on('error', () => this.#watcher.close());
  }

  /** @param background runs the taking whenever something came. */
  static open(
    folder: string,
    onHook: (hook: SpooledHook) => void,
    background: (work: () => Promise<unknown>) => void,
  ): SpoolWatch {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new SpoolWatch(folder, onHook, background);
  }

  /** Takes all that is there now. */
  async take(): Promise<void> {
    return this.#turns.take('spool', async () => {
      const names = (await unlessAbsent(readdir(this.#folder))) ?? [];
      const found = await Promise.all(
        names.filter((name) => name.endsWith('.json')).map((name) => this.#look(name)),
      );
      for (const { name, path } of found.flat().toSorted((a, b) => Number(a.at - b.at))) {
        const json = await readFile(path, 'utf8');
        this.#onHook({ run: name.slice(0, name.indexOf('.')), json });
        await rm(path, { force: true });
      }
    });
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }

  async #look(name: string): Promise<{ name: string; path: string; at: bigint }[]> {
    const path = join(this.#folder, name);
    const seen = await unlessAbsent(stat(path, { bigint: true }));
    return seen === undefined ? [] : [{ name, path, at: seen.mtimeNs }];
  }
}
