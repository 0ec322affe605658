import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '@cutover/foundation/durable-file';
import type { JournalEntry, JournalEvent } from './entry.ts';
import { JournalWriteError } from './errors.ts';
import { encodeLine } from './line.ts';
import { monotonic } from './monotonic.ts';
import { readJournal } from './read.ts';
import type { Redactor } from './redactor.ts';

/** Each write is on disk when it returns: one call for what would be a write and an fsync. */
const durableAppend = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_DSYNC;

/** What the writer adds to each event besides its place in the chain. */
export interface Heading {
  readonly runId: string;
  readonly epoch: number;
  readonly list: string;
}

/**
 * The one writer of a journal. A line counts once it is on disk: `append` resolves when it is, and lines are written one after
 * the other. After a write that failed nothing more is written.
 */
export class Journal implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #redactor: Redactor;
  #seq: number;
  #hash: string;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, redactor: Redactor, seq: number, hash: string) {
    this.#path = path;
    this.#file = file;
    this.#redactor = redactor;
    this.#seq = seq;
    this.#hash = hash;
  }

  /**
   * Opens or makes the journal at `path`, shows `visit` every entry in it, and drops a torn last line.
   * The caller holds the lock of the state directory.
   *
   * @throws {JournalDamagedError} a whole line is not what was written.
   */
  static async open(
    path: string,
    redactor: Redactor,
    visit: (entry: JournalEntry) => void,
  ): Promise<Journal> {
    const end = await readJournal(path, visit);
    const file = await open(path, durableAppend, 0o600);
    try {
      if (end.torn > 0) await file.truncate(end.size);
      await file.sync();
      if (end.seq === 0) await syncDirectory(dirname(path));
      return new Journal(path, file, redactor, end.seq, end.hash);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The last whole line. */
  get end(): { readonly seq: number; readonly hash: string } {
    return { seq: this.#seq, hash: this.#hash };
  }

  /** Writes one line, redacted, and resolves with it when it is on disk. */
  append(event: JournalEvent, heading: Heading): Promise<JournalEntry> {
    const written = this.#last.then(() => this.#write(event, heading));
    this.#last = written.then(() => undefined);
    // The caller handles the failure; here it only keeps later lines from being written.
    this.#last.catch(() => undefined);
    return written;
  }

  async #write(event: JournalEvent, heading: Heading): Promise<JournalEntry> {
    const entry = {
      seq: this.#seq + 1,
      prevHash: this.#hash,
      ...heading,
      wall: new Date().toISOString(),
      mono: monotonic(),
      ...this.#redactor.value(event),
    };
    const { line, hash } = encodeLine(entry);
    try {
      await this.#file.appendFile(line);
    } catch (error) {
      throw new JournalWriteError(this.#path, error);
    }
    this.#seq = entry.seq;
    this.#hash = hash;
    return { ...entry, hash };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.#file.close();
  }
}
