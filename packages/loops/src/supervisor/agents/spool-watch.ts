import { existsSync, type FSWatcher, mkdirSync, watch } from 'node:fs';
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isSystemError, unlessRefused } from '@cutover/foundation/errno';
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
  #watcher: FSWatcher | undefined;
  /** The folder is not watched, or the one that was is gone: one that takes its place has to be watched in its turn. */
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
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      // Something else is in its place: it is watched when it can be.
      if (!isSystemError(error)) throw error;
    }
    return new SpoolWatch(folder, onHook, background);
  }

  /** Takes all that is there now. */
  async take(): Promise<void> {
    return this.#turns.take('spool', async () => {
      if (this.#isGone && existsSync(this.#folder)) {
        this.#watcher?.close();
        this.#watcher = this.#watch();
      }
      const names = (await unlessRefused(readdir(this.#folder))) ?? [];
      const found = await Promise.all(
        names.filter((name) => name.endsWith('.json')).map((name) => this.#look(name)),
      );
      for (const { name, path, at, isFile } of found.flat().toSorted(inOrder)) {
        // What cannot be read is no hook's: the agent may put there what it likes.
        const json = isFile ? await readFile(path, 'utf8').catch(() => undefined) : undefined;
        if (json !== undefined) await this.#onHook({ run: runOf(name), json, at: Number(at / 1_000_000n) });
        await unlessRefused(rm(path, { force: true, recursive: true }));
      }
    });
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }

  #watch(): FSWatcher | undefined {
    const self = basename(this.#folder);
    let watcher: FSWatcher;
    try {
      watcher = watch(this.#folder, (event, name) => {
        // inotify(7) tells of the folder's own end under its own name.
        if (event === 'rename' && name === self) this.#isGone = true;
        this.#background(() => this.take());
      });
    } catch (error) {
      // It went away just now, or this user watches too much already: it is looked at from time to time all the same.
      if (!isSystemError(error)) throw error;
      this.#isGone = true;
      return undefined;
    }
    this.#isGone = false;
    watcher.on('error', () => {
      this.#isGone = true;
      watcher.close();
    });
    return watcher;
  }

  async #look(name: string): Promise<Found[]> {
    const path = join(this.#folder, name);
    const seen = await unlessRefused(lstat(path, { bigint: true }));
    return seen === undefined ? [] : [{ name, path, at: seen.mtimeNs, isFile: seen.isFile() }];
  }
}

/** What is in a spool. */
interface Found {
  /** `RUN.PID.json`, with marks behind the process that make it the only one. */
  readonly name: string;
  readonly path: string;
  readonly at: bigint;
  readonly isFile: boolean;
}

/** The clocks of some filesystems tick every few milliseconds only; a hook's process has a higher number than those before it. */
function inOrder(a: Found, b: Found): number {
  return Number(a.at - b.at) || pidOf(a.name) - pidOf(b.name);
}

function runOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}

function pidOf(name: string): number {
  return Number.parseInt(name.slice(name.indexOf('.') + 1), 10) || 0;
}
