import type { RunResult } from './host.ts';

/** The stable codes of the errors this package throws. */
export type HostErrorCode =
  | 'COMMAND_FAILED'
  | 'COMMAND_REFUSED'
  | 'COMMAND_TIMEOUT'
  | 'COMMAND_ABORTED'
  | 'OUTPUT_LIMIT'
  | 'FILE_NOT_FOUND'
  | 'FILE_REFUSED'
  | 'CONNECTION_FAILED'
  | 'CONNECTION_LOST'
  | 'HOST_KEY_MISMATCH'
  | 'HOST_KEY_UNKNOWN'
  | 'AUTHENTICATION_FAILED'
  | 'OPTION_INVALID'
  | 'END_UNKNOWN';

/** Those of a `HostConnectionError`. */
export type ConnectionErrorCode = Extract<
  HostErrorCode,
  | 'CONNECTION_FAILED'
  | 'CONNECTION_LOST'
  | 'END_UNKNOWN'
  | 'HOST_KEY_MISMATCH'
  | 'HOST_KEY_UNKNOWN'
  | 'AUTHENTICATION_FAILED'
>;

/** The root of every error of this package: `code` is stable, the facts are fields, `cause` is kept. */
export class HostError extends Error {
  override readonly name: string = 'HostError';
  readonly code: HostErrorCode;
  /** The `name` of the host it happened on. */
  readonly host: string;

  constructor(code: HostErrorCode, host: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.host = host;
  }
}

/** A command ended with a non-zero exit code or by a signal; `result` has the shape of a success. */
export class CommandError extends HostError {
  override readonly name: string = 'CommandError';
  declare readonly code: 'COMMAND_FAILED';
  readonly result: RunResult;

  constructor(result: RunResult) {
    super('COMMAND_FAILED', result.host, commandMessage(result));
    this.result = result;
  }
}

/** The command could not be started as it is, e.g. its arguments are too long; nothing has happened. */
export class CommandRefusedError extends HostError {
  override readonly name = 'CommandRefusedError';
  declare readonly code: 'COMMAND_REFUSED';
  readonly argv: readonly string[];

  constructor(host: string, argv: readonly string[], why: string, options?: ErrorOptions) {
    super('COMMAND_REFUSED', host, `${argv[0] ?? ''} on ${host} was not started: ${why}`, options);
    this.argv = argv;
  }
}

/** The command ran longer than its `timeout` and was ended, or had not started by then (`started`). */
export class CommandTimeoutError extends HostError {
  override readonly name = 'CommandTimeoutError';
  declare readonly code: 'COMMAND_TIMEOUT';
  readonly argv: readonly string[];
  readonly timeout: number;
  readonly started: boolean;

  constructor(host: string, argv: readonly string[], timeout: number, started = true) {
    const what = started
      ? `ran longer than ${timeout} ms and was ended`
      : `did not start within ${timeout} ms`;
    super('COMMAND_TIMEOUT', host, `${argv[0] ?? ''} on ${host} ${what}`);
    this.argv = argv;
    this.timeout = timeout;
    this.started = started;
  }
}

/** The caller's signal was aborted and the command was ended; `cause` is the signal's reason. */
export class CommandAbortedError extends HostError {
  override readonly name = 'CommandAbortedError';
  declare readonly code: 'COMMAND_ABORTED';
  readonly argv: readonly string[];

  constructor(host: string, argv: readonly string[], reason: unknown) {
    super('COMMAND_ABORTED', host, `${argv[0] ?? ''} on ${host} was aborted`, { cause: reason });
    this.argv = argv;
  }
}

/** The command wrote more than `maxOutput` bytes and was ended. */
export class OutputLimitError extends HostError {
  override readonly name = 'OutputLimitError';
  declare readonly code: 'OUTPUT_LIMIT';
  readonly argv: readonly string[];
  readonly maxOutput: number;

  constructor(host: string, argv: readonly string[], maxOutput: number) {
    super(
      'OUTPUT_LIMIT',
      host,
      `${argv[0] ?? ''} on ${host} wrote more than ${maxOutput} bytes and was ended; raise maxOutput or use stream()`,
    );
    this.argv = argv;
    this.maxOutput = maxOutput;
  }
}

/** Nothing is at `path`. */
export class FileNotFoundError extends HostError {
  override readonly name = 'FileNotFoundError';
  declare readonly code: 'FILE_NOT_FOUND';
  readonly path: string;

  constructor(host: string, path: string) {
    super('FILE_NOT_FOUND', host, `there is nothing at ${path} on ${host}`);
    this.path = path;
  }
}

/** A file could not be read or written; `path` says which and the message why. */
export class FileRefusedError extends HostError {
  override readonly name = 'FileRefusedError';
  declare readonly code: 'FILE_REFUSED';
  readonly path: string;

  constructor(host: string, path: string, why: string, options?: ErrorOptions) {
    super('FILE_REFUSED', host, `${path} on ${host}: ${why}`, options);
    this.path = path;
  }
}

/**
 * The host could not be reached, or the connection was lost under way, or a command that was to be ended may still run
 * (`END_UNKNOWN`). What a command did before that is **unknown**: this is never evidence that something is absent,
 * stopped or failed.
 */
export class HostConnectionError extends HostError {
  override readonly name = 'HostConnectionError';

  declare readonly code: ConnectionErrorCode;

  // oxlint-disable-next-line no-useless-constructor -- it narrows `code`
  constructor(code: ConnectionErrorCode, host: string, message: string, options?: ErrorOptions) {
    super(code, host, message, options);
  }
}

/** What a host was to be made of cannot be used: `option` says which, the message what would be right. */
export class HostOptionError extends HostError {
  override readonly name = 'HostOptionError';
  declare readonly code: 'OPTION_INVALID';
  readonly option: string;

  constructor(host: string, option: string, why: string, options?: ErrorOptions) {
    super('OPTION_INVALID', host, `${option} of ${host}: ${why}`, options);
    this.option = option;
  }
}

function commandMessage({ host, argv, exitCode, signal, stderr }: RunResult): string {
  const how = signal === undefined ? `exit code ${exitCode}` : signal;
  const lastLines = stderr.trimEnd().split('\n').slice(-5).join('\n');
  return `${abbreviate(argv)} on ${host} ended with ${how}${lastLines === '' ? '' : `:\n${lastLines}`}`;
}

/** The first words of a command, and of a script only its beginning: all of it is in `result.argv`. */
function abbreviate(argv: readonly string[]): string {
  const words = argv.slice(0, 3).map((word) => {
    const [line = ''] = word.trimStart().split('\n');
    return line.length < word.length || line.length > 60 ? `${line.slice(0, 60)}…` : line;
  });
  return words.join(' ');
}
