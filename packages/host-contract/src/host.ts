import type { Readable, Writable } from 'node:stream';

/**
 * A machine that runs commands and holds files: this one, one behind ssh, or an Incus instance.
 * Every transport passes the same contract suite, so code written on `Host` works on all of them.
 */
export interface Host extends AsyncDisposable {
  /** What to call this host in messages and evidence, e.g. `pi` or `root@10.0.0.7`. */
  readonly name: string;

  /**
   * Runs `argv` to its end and returns its output. No shell reads `argv`: each transport quotes for itself.
   *
   * @throws {CommandError} the command ended with a non-zero exit code or by a signal, and `reject` is not `false`.
   * @throws {CommandTimeoutError} `timeout` passed; the command has been ended.
   * @throws {CommandAbortedError} `signal` was aborted; the command has been ended.
   * @throws {OutputLimitError} more than `maxOutput` bytes came; the command has been ended.
   * @throws {HostConnectionError} the connection failed or was lost, or the command could not be ended: how it ended, or
   *   whether it has, is unknown.
   */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;

  /**
   * Starts `argv` with its standard streams held by the caller, back-pressure kept on all three. Returns at once; whether
   * the command could be started is told by `exit` of the result.
   */
  stream(argv: readonly string[], options?: StreamOptions): CommandStream;

  /**
   * Reads a whole file.
   *
   * @throws {FileNotFoundError} nothing is at `path`.
   * @throws {FileRefusedError} it cannot be read, e.g. for want of permission, or is larger than `maxBytes`.
   */
  readFile(path: string, options?: ReadFileOptions): Promise<Uint8Array>;

  /**
   * Replaces a file, atomically and durably: a reader sees the old bytes or the new ones, never half of them,
   * and at no moment is the content readable beyond `mode`. The content travels on standard input only.
   * The parent directory must exist.
   *
   * @throws {FileRefusedError} it cannot be written; the message says why. The old file is as it was, unless the message says
   *   that the new one is in place and only its directory could not be made durable.
   */
  writeFile(path: string, data: Uint8Array | string, options: WriteFileOptions): Promise<void>;
}

/** Where and for how long a command runs. */
export interface CommandOptions {
  /**
   * Variables added to the command's environment. They may be seen in the host's process table
   * (ssh passes them through `env`): never put a secret here, send it on `input`.
   */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The directory the command starts in. Default: the transport's. */
  readonly cwd?: string | undefined;
  /** Milliseconds until the command is ended (TERM, then KILL). Default: no limit. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of `Host.run`: input, limits, and whether a non-zero exit is an error. */
export interface RunOptions extends CommandOptions {
  /** Standard input. Default: the command reads end of file at once. */
  readonly input?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** `false`: a non-zero exit resolves like any other. Default `true`. */
  readonly reject?: boolean | undefined;
  /** Bytes of stdout and stderr together that are kept; more is an error. Default 64 MiB. */
  readonly maxOutput?: number | undefined;
}

/** Options of `Host.stream`. */
export type StreamOptions = CommandOptions;

/**
 * How a command ended. Exactly one of `exitCode` and `signal` is set. Incus tells a death by signal n as exit code
 * 128 + n; its transport reads every such code as that signal.
 */
export interface CommandExit {
  readonly exitCode: number | undefined;
  /** The signal's name, e.g. `SIGKILL`; `SIGUNKNOWN` where the transport cannot say which. */
  readonly signal: string | undefined;
}

/** What a command wrote, and how it ended. */
export interface RunResult extends CommandExit {
  readonly host: string;
  readonly argv: readonly string[];
  /** Decoded as UTF-8, whole, with no newline stripped. */
  readonly stdout: string;
  readonly stderr: string;
  /** The same bytes, not decoded. */
  readonly stdoutBytes: Uint8Array;
  readonly durationMs: number;
}

/** A started command. Disposing of it ends the command when it still runs. */
export interface CommandStream extends AsyncDisposable {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the command has been started; rejects when it will not be, as `exit` does then. */
  readonly started: Promise<void>;
  /**
   * Settles once: how the command ended, or the reason why that is unknown. Never rejects on a non-zero exit. At a timeout,
   * an abort or the disposal it rejects when the command has been ended, which can take seconds; the outputs break at once.
   */
  readonly exit: Promise<CommandExit>;
  /** Sends a signal (default `SIGTERM`) to the command and what it has started; does nothing once they have ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** Options of `Host.readFile`: how many bytes at most, and a signal. */
export interface ReadFileOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes; a larger file is an error. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
}

/** Options of `Host.writeFile`: mode, owner and attributes of the new file. */
export interface WriteFileOptions {
  /** Permission bits, e.g. `0o600`. */
  readonly mode: number;
  /** Owner's name or uid. Default: the connecting user. */
  readonly owner?: string | number | undefined;
  /** Group's name or gid. Default: the owner's own group. */
  readonly group?: string | number | undefined;
  /**
   * Gives the new file the ACL and the extended attributes of the one that it replaces; `mode` is then the mask of the
   * ACL. Default `false`: it has none, whatever the directory's default ACL says.
   */
  readonly keepAttributes?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}
