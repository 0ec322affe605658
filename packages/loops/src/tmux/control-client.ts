import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LoopsError } from '../errors.ts';
import { tmuxLine } from './quote.ts';

interface Pending {
  readonly words: string;
  readonly count: number;
  readonly blocks: string[][];
  readonly resolve: (blocks: string[][]) => void;
  readonly reject: (error: unknown) => void;
}

/** One control-mode client of a tmux server: commands without a process for each, and a sure sign of its end. */
export interface ControlClient extends AsyncDisposable {
  /**
   * Runs commands in one go and returns the lines each printed.
   *
   * @throws {LoopsError} `TMUX_FAILED`: a command failed, and those after it did not run; `TMUX_LOST`: the server
   * went away or does not answer, and whether they ran is unknown.
   *
   * @param patience milliseconds for the answer, after which the connection is given up; `Infinity` for one that comes
   * when something happens. Default 30 s.
   */
  run(commands: readonly (readonly string[])[], patience?: number): Promise<string[][]>;
  /** Settles when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;
}

/** How long a server may take to answer a command, in milliseconds: a quiesce holds it still for 20 s at most. */
const answerPatience = 30_000;

/**
 * Attaches a control client to the server at `socket`, running `setup` first (its last command must attach or
 * create a session). It never starts a server.
 *
 * @param onNotice called with the name of each notification, e.g. `%sessions-changed`.
 * @throws {LoopsError} `TMUX_LOST`: no server answers there.
 */
export async function connectControlClient(
  socket: string,
  setup: readonly (readonly string[])[],
  onNotice: (name: string) => void = () => {},
): Promise<ControlClient> {
  const words = setup.flatMap((command, index) => (index === 0 ? [...command] : [';', ...command]));
  const child = spawn('tmux', ['-N', '-u', '-C', '-S', socket, ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', TERM: 'screen' },
  });
  const client = new TmuxControlClient(child, onNotice);
  try {
    await client.ready(setup.length);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return client;
}

class TmuxControlClient implements ControlClient {
  readonly closed: Promise<void>;
  readonly #child: ChildProcess;
  readonly #queue: Pending[] = [];
  readonly #onNotice: (name: string) => void;
  #block: { readonly end: string; readonly lines: string[] } | undefined;
  #errors = '';
  #gone = false;

  constructor(child: ChildProcess, onNotice: (name: string) => void) {
    this.#child = child;
    this.#onNotice = onNotice;
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => this.#line(line));
    child.stdin?.on('error', () => this.#lost());
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-2000);
    });
    this.closed = new Promise((resolve) => {
      const gone = (): void => {
        this.#lost();
        resolve();
      };
      child.once('error', gone);
      child.once('close', gone);
    });
  }

  /** The blocks of the set-up commands come like those of a request. */
  async ready(count: number): Promise<void> {
    await this.#within(answerPatience, this.#expect('attach', count));
  }

  async run(
    commands: readonly (readonly string[])[],
    patience: number = answerPatience,
  ): Promise<string[][]> {
    if (commands.length === 0) return [];
    const answer = this.#expect(commands.map(([name = '']) => name).join(' ; '), commands.length);
    if (!this.#gone) this.#child.stdin?.write(`${tmuxLine(commands)}\n`);
    return patience === Infinity ? answer : this.#within(patience, answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#end(), 500);
    await this.closed;
    clearTimeout(timer);
  }

  async #within<T>(patience: number, answer: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#errors = `no answer within ${patience / 1000} s; look whether it hangs`;
      this.#end();
    }, patience);
    return answer.finally(() => clearTimeout(timer));
  }

  #end(): void {
    this.#child.kill('SIGKILL');
    // The server was handed their other ends, and one that hangs keeps them open.
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream?.destroy();
  }

  async #expect(words: string, count: number): Promise<string[][]> {
    return new Promise((resolve, reject) => {
      if (this.#gone) reject(this.#lostError(words));
      else this.#queue.push({ words, count, blocks: [], resolve, reject });
    });
  }

  /** Inside a block every line is output, whatever it looks like, until the end that bears the block's number. */
  #line(line: string): void {
    if (this.#block !== undefined) {
      if (line.startsWith(`%end ${this.#block.end}`)) this.#endBlock(true);
      else if (line.startsWith(`%error ${this.#block.end}`)) this.#endBlock(false);
      else this.#block.lines.push(line);
      return;
    }
    if (line.startsWith('%begin ')) {
      this.#block = { end: line.slice('%begin '.length), lines: [] };
      return;
    }
    if (line.startsWith('%')) this.#onNotice(line.split(' ', 1)[0] ?? '');
  }

  #endBlock(success: boolean): void {
    const lines = this.#block?.lines ?? [];
    this.#block = undefined;
    const pending = this.#queue[0];
    if (pending === undefined) return;
    if (!success) {
      this.#queue.shift();
      pending.reject(new LoopsError('TMUX_FAILED', `tmux ${pending.words}: ${lines.join(' ')}`));
      return;
    }
    pending.blocks.push(lines);
    if (pending.blocks.length < pending.count) return;
    this.#queue.shift();
    pending.resolve(pending.blocks);
  }

  #lost(): void {
    this.#gone = true;
    for (const pending of this.#queue.splice(0)) pending.reject(this.#lostError(pending.words));
  }

  #lostError(words: string): LoopsError {
    const why = this.#errors.trim();
    return new LoopsError(
      'TMUX_LOST',
      `the tmux server went away during ${words}${why === '' ? '' : `: ${why}`}`,
    );
  }
}
