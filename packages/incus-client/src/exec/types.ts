import type { Readable, Writable } from 'node:stream';

/** How a command is run in an instance. */
export interface ExecOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * The directory it starts in. Default: the user's home, or `/`. Where there is no such directory the daemon (6.0.4)
   * starts the command in `/` without a word; `incusHost()` refuses.
   */
  readonly cwd?: string | undefined;
  /** Default 0. */
  readonly user?: number | undefined;
  /** Default 0. */
  readonly group?: number | undefined;
  /** A terminal of this size: stdin and stdout are one stream, and stderr is part of it. */
  readonly terminal?: TerminalSize | undefined;
  /** Aborting kills the command, and `exit` rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Columns and rows. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** A command that runs in an instance. Back-pressure is kept on all three streams. */
export interface ExecSession extends AsyncDisposable {
  readonly operationId: string;
  /** Its end is the command's end of file. With a terminal the end of file is what is typed for it, `\x04` as a rule. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** With a terminal: ends at once, for all output is on `stdout`. */
  readonly stderr: Readable;
  /**
   * The exit code; 127 for a command that is not there, 128 + n for one that signal n ended.
   * Resolves once the command has ended, though `stdout` and `stderr` may still hold bytes to be read.
   *
   * @throws {OperationError} the daemon could not start it, e.g. for an argument that is too long; its words are in the message.
   * @throws {OperationLostError} how it ended cannot be known.
   */
  readonly exit: Promise<number>;
  /** Sends a signal by number to the command's own process, e.g. 15. */
  kill(signal: number): void;
  /** Tells the command that its terminal has another size now. */
  resize(size: TerminalSize): void;
}

/** What a command wrote and how it ended. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}
