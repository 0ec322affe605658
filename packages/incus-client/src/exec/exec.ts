import { Readable } from 'node:stream';
import { IncusApiError, IncusConnectionError, IncusError, OperationError } from '../errors.ts';
import type { Operation } from '../api/operation.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import { asError } from '../transport/as-error.ts';
import { pause } from '../transport/pause.ts';
import { Channel } from '../websocket/channel.ts';
import { watchPulse } from '../websocket/pulse.ts';
import { attachSockets } from './attach.ts';
import { execBody } from './exec-body.ts';
import { controlSocket } from './operation-channel.ts';
import type { ExecOptions, ExecSession } from './types.ts';

const killSignal = 9;
/** How often a command is asked for that the daemon gives up before it is attached. */
const attempts = 3;

/** Starts a command in an instance and resolves once all its channels are attached. */
export async function startExec(
  scope: Scope,
  instance: string,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecSession> {
  const { signal } = options;
  const interactive = options.terminal !== undefined;
  const { operation, exit, sockets } = await startAttached(scope, instance, argv, options);
  const control = controlSocket(scope, sockets.control, `exec in ${instance}`);
  const lost = async (cause: unknown) => {
    const refusal = await refusalIn(exit);
    if (refusal !== undefined) return refusal;
    const what = `lost the connection to ${scope.transport.server} before all that ${argv[0] ?? ''} wrote in ${instance} had come`;
    return new IncusConnectionError('CONNECTION_LOST', scope.transport.server, what, { cause });
  };
  const [input, output, errors] = sockets.standard.map((socket, fd) => {
    const channel = new Channel(socket, { endsTogether: interactive, readOnly: fd > 0, lost });
    watchPulse(scope.transport, socket, {
      what: `exec in ${instance}`,
      pings: fd === 0,
      dead: (error) => channel.destroy(error),
    });
    return channel;
  });
  if (input === undefined) throw new IncusError('PROTOCOL_ERROR', 'exec without channels');
  const stdout = output ?? input;
  const stderr = errors ?? Readable.from([]);
  // A failure is told by `exit`, and by the streams to their readers: it must not end the process of a caller that does not read.
  for (const stream of [input, stdout, stderr]) stream.on('error', () => {});
  output?.end();
  errors?.end();
  // stdin's own socket says nothing worth reading, but its end must be seen.
  if (output !== undefined) input.resume();

  const tell = (message: object) => control.send(JSON.stringify(message));
  const kill = (number: number) => tell({ command: 'signal', signal: number });
  const destroy = (reason?: Error) => {
    for (const stream of [input, stdout, stderr]) stream.destroy(reason);
  };
  const abort = () => {
    kill(killSignal);
    destroy(asError(signal?.reason));
  };
  const ended = exit.finally(() => {
    signal?.removeEventListener('abort', abort);
    control.close();
    input.destroy();
  });
  ended.catch(() => {});
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) {
    abort();
    throw signal.reason;
  }

  return {
    operationId: operation.id,
    stdin: input,
    stdout,
    stderr,
    exit: ended,
    kill,
    resize: ({ width, height }) =>
      tell({ command: 'window-resize', args: { width: String(width), height: String(height) } }),
    async [Symbol.asyncDispose]() {
      kill(killSignal);
      destroy();
      await ended.catch(() => {});
    },
  };
}

/**
 * Asks for a command and attaches its channels. A daemon waits 5 s for them and then gives the command up, which on a busy
 * machine may be too short: a command whose standard streams were refused was never run, so it is asked for again.
 */
async function startAttached(scope: Scope, instance: string, argv: readonly string[], options: ExecOptions) {
  const { signal, terminal } = options;
  for (let left = attempts; ; left -= 1) {
    const run = scope.start(
      'POST',
      path`/1.0/instances/${instance}/exec`,
      { json: execBody(argv, options), signal },
      (operation) => operation,
    );
    const exit = exitCode(run);
    // It is handed out with the session; a failure before that is thrown by what fails first.
    exit.catch(() => {});
    const operation = await run.started;
    try {
      const sockets = await attachSockets(scope, operation, terminal !== undefined, signal);
      return { operation, exit, sockets };
    } catch (error) {
      if (error instanceof IncusConnectionError) throw cutOffWhileAttaching(scope, instance, argv, error);
      if (left === 1 || !(error instanceof IncusApiError)) throw error;
    }
  }
}

/** The daemon has been asked for the command, and starts it when it has the standard streams, whether or not we know that. */
function cutOffWhileAttaching(
  { transport: { server } }: Scope,
  instance: string,
  argv: readonly string[],
  cause: IncusConnectionError,
): IncusConnectionError {
  const what = `lost the connection to ${server} while ${argv[0] ?? ''} was started in ${instance}; it may run`;
  return new IncusConnectionError('CONNECTION_LOST', server, what, { cause });
}

/** Milliseconds in which the end of an operation is known after its channels have gone. */
const telling = 3_000;

/** Why a command was never started, where that is so: the daemon then drops its channels without an end of file. */
async function refusalIn(exit: Promise<number>): Promise<OperationError | undefined> {
  const late = new AbortController();
  const failure = exit.then(
    () => undefined,
    (error: unknown) => (error instanceof OperationError ? error : undefined),
  );
  const nothing = pause(telling, late.signal).catch(() => undefined);
  const first = await Promise.race([failure, nothing]);
  late.abort();
  return first ?? undefined;
}

/**
 * A command's own failure is an exit code, whatever the operation says: 6.0.4 fails that of a missing command (127). One that
 * was never started has -1 or none, and the daemon's words.
 */
async function exitCode(run: PromiseLike<Operation>): Promise<number> {
  try {
    return returnOf(await run);
  } catch (error) {
    const code = error instanceof OperationError ? error.operation.metadata?.['return'] : undefined;
    if (typeof code === 'number' && code >= 0) return code;
    throw error;
  }
}

function returnOf(operation: Operation): number {
  const code = operation.metadata?.['return'];
  if (typeof code === 'number') return code;
  throw new IncusError('PROTOCOL_ERROR', `the exec operation ${operation.id} ended without an exit code`);
}
