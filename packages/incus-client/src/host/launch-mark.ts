import { Transform } from 'node:stream';
import type { LaunchedGroup } from './launch.ts';

/** Takes the launch mark off the head of a command's stderr and tells which process group it named. */
export class LaunchMark extends Transform {
  /**
   * Resolves to the group, or to `undefined` when stderr ended without a mark: the command was never started, unless stderr was
   * cut off (`errored`).
   */
  readonly group: Promise<LaunchedGroup | undefined>;
  readonly #mark: Buffer;
  #seen: Buffer | undefined = Buffer.alloc(0);
  #found: (group: LaunchedGroup | undefined) => void = () => {};

  constructor(mark: string) {
    super();
    this.#mark = Buffer.from(`${mark} `);
    this.group = new Promise((resolve) => {
      this.#found = resolve;
    });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#seen === undefined) {
      this.push(chunk);
      return done();
    }
    this.#seen = Buffer.concat([this.#seen, chunk]);
    const at = this.#seen.indexOf(this.#mark);
    const end = at === -1 ? -1 : this.#seen.indexOf('\n', at);
    if (end !== -1) {
      const rest = this.#seen.subarray(end + 1);
      this.#found(parseGroup(this.#seen.toString('latin1', at + this.#mark.length, end)));
      this.#seen = undefined;
      if (rest.length > 0) this.push(rest);
    }
    done();
  }

  override _flush(done: () => void): void {
    if (this.#seen !== undefined && this.#seen.length > 0) this.push(this.#seen);
    this.#found(undefined);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#found(undefined);
    done(error);
  }
}

/** The leader's pid, and the fields of its stat from the third on. */
function parseGroup(line: string): LaunchedGroup {
  const [id, ...stat] = line.split(' ');
  return { id: Number(id), startTime: stat[19] ?? '' };
}
