import type { Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { write } from '@cutover/foundation/io';
import type { RigStatus, WatchedStatus } from '../control/status.ts';
import { paintFor } from './colors.ts';
import { cut, eventLine, headLines, loopLines, noteLines, type StatusView } from './view.ts';

const keptEvents = 100;
/** What a shell says of a process that SIGHUP ended. */
const hangUpCode = 129;
/** The alternate screen, without a cursor, and without lines that go on in the next one. */
const enter = '\u001B[?1049h\u001B[?25l\u001B[?7l';
const leave = '\u001B[?7h\u001B[?25h\u001B[?1049l';
const home = '\u001B[H';
/** Before a line: after one that fills it, its last sign would be cleared. */
const clearLine = '\u001B[K';
const endOfScreen = '\u001B[J';

/** A terminal that is written to. */
export type Screen = Writable & Pick<WriteStream, 'columns' | 'rows' | 'isTTY'>;

/** A status that fills the terminal of a person until `q` is pressed or it is disposed; ages go on without any news. */
export class WatchScreen implements AsyncDisposable {
  readonly #output: Screen;
  readonly #input: ReadStream | undefined;
  readonly #left = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #events: string[] = [];
  #status: RigStatus | undefined;

  /** @param input its keys, where it is a terminal's. */
  constructor(output: Screen, input: ReadStream | undefined) {
    this.#output = output;
    this.#input = input;
    // Whatever ends this process: a terminal that is left as it is shows nothing of what is typed next.
    process.once('exit', this.#leave);
    process.once('SIGHUP', this.#hangUp);
    output.write(enter);
    output.on('resize', this.#draw);
    this.#timer = setInterval(this.#draw, 1000);
    input?.setRawMode(true);
    input?.on('data', this.#press);
  }

  /** Aborted when its user leaves. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  show({ status, event }: WatchedStatus): void {
    this.#status = status;
    if (event !== undefined) this.#events.push(eventLine(event));
    this.#events.splice(0, this.#events.length - keptEvents);
    this.#draw();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#output.off('resize', this.#draw);
    process.off('exit', this.#leave);
    process.off('SIGHUP', this.#hangUp);
    const left = write(this.#output, leave);
    this.#input?.off('data', this.#press);
    this.#input?.setRawMode(false);
    this.#input?.pause();
    await left;
  }

  /** A terminal takes what is written at once, also at the end of the process. */
  readonly #leave = (): void => void this.#output.write(leave);

  readonly #hangUp = (): void => process.exit(hangUpCode);

  readonly #press = (keys: Buffer): void => {
    if (keys.includes('q')) this.#left.abort();
    // A terminal that hands on every key makes no signal of this one.
    if (keys.includes(3)) process.kill(process.pid, 'SIGINT');
  };

  readonly #draw = (): void => {
    const { columns: width, rows } = this.#output;
    const view = { width, paint: paintFor(this.#output) };
    const lines = screenLines(this.#status, this.#events, view, rows);
    this.#output.write(`${home}${lines.map((line) => `${clearLine}${line}`).join('\n')}${endOfScreen}`);
  };
}

/** As many lines as fit: the rig, its loops, the newest events, and how to leave. */
export function screenLines(
  status: RigStatus | undefined,
  events: readonly string[],
  view: StatusView,
  rows: number,
): string[] {
  const { width, paint = (_, text) => text } = view;
  const last = paint('dim', cut('q: leave', width));
  if (status === undefined) return [last];
  const head = [...headLines(status, view), ...noteLines(status, view)];
  const loops = loopLines(status, view);
  const room = Math.max(0, rows - head.length - 1);
  const shown = loops.length <= room ? loops : [...loops.slice(0, Math.max(0, room - 1)), more(loops, room)];
  const left = Math.max(0, room - shown.length - 1);
  const recent = left === 0 ? [] : ['', ...events.slice(-left).map((line) => cut(line, width))];
  return [...head, ...shown, ...recent, last].slice(0, rows);
}

function more(loops: readonly string[], room: number): string {
  return `… ${loops.length - Math.max(0, room - 1)} more loops: a larger terminal shows them`;
}
