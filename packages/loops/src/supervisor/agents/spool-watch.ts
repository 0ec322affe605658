import { existsSync, type FSWatcher, mkdirSync, watch } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { Turns } from '../../concurrency/turns.ts';

/** What a hook left in a spool. */
export interface SpooledHook {
  /** The run of the agent that the hook belongs to. */
  readonly run: string;
  readonly json: string;
  /** Unix milliseconds at which it was told. */
  readonly at: number;
}

/**
 * Takes what hooks put into a folder, in the order in which they did, also what came while no supervisor was there. A
 * file is removed once it was taken.
 */
export class SpoolWatch implements Disposable {
  readonly #folder: string;
  readonly #onHook: (hook: SpooledHook) => Promise<void>;
  readonly #turns = new Turns();
  readonly #background: (work: () => Promise<unknown>) => void;
  #watcher: FSWatcher;
  /** The folder that was watched is gone: one that takes its place has to be watched in its turn. */
  #isGone = false;

  private constructor(
    folder: string,
    onHook: (hook: SpooledHook) => Promise<void>,
    background: (work: () => Promise<unknown>) => void,
  ) {
    this.#folder = folder;
    this.#onHook = onHook;
    this.#background = background;
    this.#watcher = this.#watch();
  }

  /** @param background runs the taking whenever something came. */
  static open(
    folder: string,
    onHook: (hook: SpooledHook) => Promise<void>,
    background: (work: () => Promise<unknown>) => void,
  ): SpoolWatch {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new SpoolWatch(folder, onHook, background);
  }

  /** Takes all that is there now. */
  async take(): Promise<void> {
    return this.#turns.take('spool', async () => {
      if (this.#isGone && existsSync(this.#folder)) {
        this.#watcher.close();
        this.#watcher = this.#watch();
      }
      const names = (await unlessAbsent(readdir(this.#folder))) ?? [];
      const found = await Promise.all(
        names.filter((name) => name.endsWith('.json')).map((name) => this.#look(name)),
      );
      for (const { name, path, at } of found.flat().toSorted((a, b) => Number(a.at - b.at))) {
        // What cannot be read is no hook's: the agent may put there what it likes.
        const json = await readFile(path, 'utf8').catch(() => undefined);
        if (json !== undefined)
          await this.#onHook({ run: name.slice(0, name.indexOf('.')), json, at: Number(at / 1_000_000n) });
        await rm(path, { force: true, recursive: true });
      }
    });
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }

  #watch(): FSWatcher {
    this.#isGone = false;
    const self = basename(this.#folder);
    const watcher = watch(this.#folder, (event, name) => {
      // inotify(7) tells of the folder's own end under its own name.
      if (event === 'rename' && name === self) this.#isGone = true;
      this.#background(() => this.take());
    });
    watcher.on('error', () => {
      this.#isGone = true;
      watcher.close();
    });
    return watcher;
  }

  async #look(name: string): Promise<{ name: string; path: string; at: bigint }[]> {
    const path = join(this.#folder, name);
    const seen = await unlessAbsent(stat(path, { bigint: true }));
    return seen === undefined ? [] : [{ name, path, at: seen.mtimeNs }];
  }
}
