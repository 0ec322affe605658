import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { RigConfig } from '../config/rig-config.ts';
import { inFolder } from '../state/in-folder.ts';
import type { RigEvent } from './rig-event.ts';

const rotateAt = 8 * 2 ** 20;

/** Where the history of a rig lies, one event a line; what is older is in the same name with `.1`. */
export function eventLogPath({ stateDir }: Pick<RigConfig, 'stateDir'>): string {
  return join(stateDir, 'events.jsonl');
}

/** Appends events to the rig's history, in their order. */
export class EventLog implements AsyncDisposable {
  readonly #path: string;
  readonly #onFailure: (error: unknown) => void;
  readonly #rotateAt: number;
  #size: number;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  private constructor(path: string, size: number, onFailure: (error: unknown) => void, rotate: number) {
    this.#path = path;
    this.#size = size;
    this.#onFailure = onFailure;
    this.#rotateAt = rotate;
  }

  /** @param onFailure is told once when the history cannot be written any more. */
  static async open(
    config: Pick<RigConfig, 'stateDir'>,
    onFailure: (error: unknown) => void,
    rotate: number = rotateAt,
  ): Promise<EventLog> {
    await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
    const path = eventLogPath(config);
    return new EventLog(path, (await unlessAbsent(stat(path)))?.size ?? 0, onFailure, rotate);
  }

  append(event: RigEvent): void {
    const line = `${JSON.stringify(event)}\n`;
    this.#writing = this.#writing.then(() => this.#write(line));
  }

  /** What was appended is in the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  async #write(line: string): Promise<void> {
    if (this.#failed) return;
    try {
      if (this.#size > this.#rotateAt) {
        await unlessAbsent(rename(this.#path, `${this.#path}.1`));
        this.#size = 0;
      }
      await inFolder(dirname(this.#path), () => appendFile(this.#path, line, { mode: 0o600 }));
      this.#size += Buffer.byteLength(line);
    } catch (error) {
      this.#failed = true;
      this.#onFailure(error);
    }
  }
}
