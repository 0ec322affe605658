import type { Readable, Writable } from 'node:stream';

import type { CommandExit } from './host.ts';

/**
 * The one thing a transport has to do: start a command. `createHost()` makes a whole `Host` of it, with
 * timeouts, limits, files and errors that are the same on every transport.
 */
export interface HostTransport {
  /** The `name` of the host. */
  readonly name: string;

  /**
   * Starts `argv`, which no shell may read. A missing command or `cwd` is a command too: one that ends with
   * exit code 127 and a line on stderr (126: not executable).
   *
   * @throws {HostConnectionError} the host cannot be reached.
   * @throws {CommandRefusedError} the command cannot be started as it is, e.g. its arguments are too long.
   */
  spawn(command: SpawnCommand): Promise<SpawnedCommand>;

  /** Ends what is held for the host: connections, timers. Called once. */
  close?(): Promise<void>;
}

/**
 * A command for `HostTransport.spawn` to start. `createHost()` has checked it; `timeout` and limits are kept outside of it.
 */
export interface SpawnCommand {
  /** Never empty, no NUL, valid UTF-16. */
  readonly argv: readonly string[];
  /** Added to the environment that the transport gives by itself. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** Aborts the starting, e.g. a connection being made. A command that has been returned is ended with `kill`. */
  readonly signal: AbortSignal;
}

/** A running command. Its streams are raw and keep back-pressure. */
export interface SpawnedCommand {
  /** `end()` is end of file for the command. Errors on it (the command did not read) are ignored. */
  readonly stdin: Writable;
  /** Ends when the command's output does; destroyed with an error when the rest of it is lost. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * How the command ended; rejects with `HostConnectionError` when that cannot be known. It may settle before
   * the output has been read.
   */
  readonly exit: Promise<CommandExit>;
  /**
   * Signals the command and what it started: its process group. No error when it is gone, and then never a later process
   * of the same number. Rejects when the signal could not be sent.
   */
  kill(signal: NodeJS.Signals): Promise<void>;
}
