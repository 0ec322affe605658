import type { Operation } from './api/operation.ts';
import { withoutSecret } from './api/path.ts';

/** How a server could not be reached, or not be talked to. */
export type ConnectionErrorCode =
  | 'CONNECTION_FAILED'
  | 'CONNECTION_LOST'
  | 'SERVER_UNTRUSTED'
  | 'CLIENT_UNTRUSTED';

/** What a daemon answers a request with. */
export type ApiErrorCode =
  | 'AGENT_ABSENT'
  | 'API_ERROR'
  | 'BAD_REQUEST'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'BUSY'
  | 'PRECONDITION_FAILED';

/** How an operation that was accepted ended badly. */
export type OperationErrorCode =
  | 'AGENT_ABSENT'
  | 'ALREADY_EXISTS'
  | 'BUSY'
  | 'NOT_FOUND'
  | 'OPERATION_FAILED'
  | 'OPERATION_CANCELLED';

/** What is wrong with a file. */
export type FileErrorCode =
  | 'API_ERROR'
  | 'BAD_REQUEST'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PROTOCOL_ERROR';

/** The stable codes of the errors this package throws. */
export type IncusErrorCode =
  | ConnectionErrorCode
  | ApiErrorCode
  | OperationErrorCode
  | FileErrorCode
  | 'TOKEN_REFUSED'
  | 'OPTION_INVALID'
  | 'CONFIG_INVALID'
  | 'EXTENSION_MISSING'
  | 'OPERATION_LOST'
  | 'WAIT_TIMEOUT'
  | 'NOT_READY'
  | 'NOT_OURS';

/** The root of every error of this package: `code` is stable, the facts are fields, `cause` is kept. */
export class IncusError extends Error {
  override readonly name: string = 'IncusError';
  readonly code: IncusErrorCode;

  constructor(code: IncusErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The server could not be reached, or the connection was lost under way. Whether a request had an effect is then
 * unknown: never evidence that something is absent.
 */
export class IncusConnectionError extends IncusError {
  override readonly name = 'IncusConnectionError';
  declare readonly code: ConnectionErrorCode;
  /** Where the server was looked for: `https://host:port` or `unix:/path`. */
  readonly server: string;

  constructor(code: ConnectionErrorCode, server: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.server = server;
  }
}

/** The daemon answered a request with an error. */
export class IncusApiError extends IncusError {
  override readonly name = 'IncusApiError';
  declare readonly code: ApiErrorCode;
  /** The HTTP status, e.g. 404. */
  readonly status: number;
  readonly method: string;
  /** Path and query, as sent but for secrets. */
  readonly path: string;

  constructor(status: number, method: string, path: string, message: string) {
    const shown = withoutSecret(path);
    super(codeOfReply(status, message), `${method} ${shown}: ${message} (${status})`);
    this.status = status;
    this.method = method;
    this.path = shown;
  }
}

/** The daemon accepted a request (202) and the operation then failed or was cancelled. */
export class OperationError extends IncusError {
  override readonly name = 'OperationError';
  declare readonly code: OperationErrorCode;
  readonly operation: Operation;
  readonly operationId: string;

  constructor(operation: Operation) {
    const cancelled = operation.status_code === 401;
    super(
      cancelled ? 'OPERATION_CANCELLED' : codeOfFailure(operation.err),
      `${operation.description} (operation ${operation.id}): ${operation.err === '' ? operation.status : operation.err}`,
    );
    this.operation = operation;
    this.operationId = operation.id;
  }
}

/** An operation is no longer known to the daemon, and its end was not seen: whether it succeeded is unknown. */
export class OperationLostError extends IncusError {
  override readonly name = 'OperationLostError';
  declare readonly code: 'OPERATION_LOST';
  readonly operationId: string;

  constructor(operationId: string, why: string, options?: ErrorOptions) {
    super(
      'OPERATION_LOST',
      `operation ${operationId} was lost sight of (${why}); read the resource it worked on to see how it ended`,
      options,
    );
    this.operationId = operationId;
  }
}

/** A wait reached its deadline. What was waited for goes on: nothing was cancelled. */
export class WaitTimeoutError extends IncusError {
  override readonly name = 'WaitTimeoutError';
  declare readonly code: 'WAIT_TIMEOUT';
  /** Milliseconds. */
  readonly timeout: number;

  constructor(what: string, timeout: number) {
    super('WAIT_TIMEOUT', `${what} took longer than ${timeout} ms and is still running`);
    this.timeout = timeout;
  }
}

/** The server lacks an API extension that the call stands on. */
export class MissingExtensionError extends IncusError {
  override readonly name = 'MissingExtensionError';
  declare readonly code: 'EXTENSION_MISSING';
  readonly extension: string;

  constructor(extension: string, server: string) {
    super('EXTENSION_MISSING', `${server} lacks the API extension ${extension}; it needs a newer Incus`);
    this.extension = extension;
  }
}

/** A file of an instance, or of this machine, could not be read or written. */
export class FileError extends IncusError {
  override readonly name = 'FileError';
  declare readonly code: FileErrorCode;
  readonly path: string;

  constructor(code: FileErrorCode, path: string, why: string, options?: ErrorOptions) {
    super(code, `${path}: ${why}`, options);
    this.path = path;
  }
}

function codeOfReply(status: number, message: string): ApiErrorCode {
  if (status === 400)
    return /already (exists|in use|trusted)/i.test(message) ? 'ALREADY_EXISTS' : 'BAD_REQUEST';
  if (status === 401 || status === 403) return 'FORBIDDEN';
  if (status === 404) return 'NOT_FOUND';
  if (status === 409) return 'ALREADY_EXISTS';
  if (status === 412) return 'PRECONDITION_FAILED';
  // Seen on 6.0.4: a restricted certificate in a foreign project is answered 500.
  if (/does not have permission/i.test(message)) return 'FORBIDDEN';
  const code = codeOfFailure(message);
  return code === 'ALREADY_EXISTS' || code === 'BUSY' || code === 'AGENT_ABSENT' ? code : 'API_ERROR';
}

/** Something of the API is absent; a program or a device of the server that an operation needs may be "not found" as well. */
const absence =
  /\b(instance|image|alias|snapshot|backup|volume|bucket|pool|network|acl|profile|project|member)( "[^"]*")? not found|no such (object|alias)|image not provided|couldn't find alias/i;

/** Operations fail with error_code 500 and a sentence (6.0.4), so the sentence is all there is to go by. */
function codeOfFailure(message: string): OperationErrorCode {
  if (/already (exists|in use)|UNIQUE constraint failed/i.test(message)) return 'ALREADY_EXISTS';
  if (/is busy running/i.test(message)) return 'BUSY';
  if (/VM agent isn't currently running/i.test(message)) return 'AGENT_ABSENT';
  if (absence.test(message)) return 'NOT_FOUND';
  return 'OPERATION_FAILED';
}
