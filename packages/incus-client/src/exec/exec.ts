import { Readable } from 'node:stream';
import { IncusError, OperationError } from '../errors.ts';
import type { Operation } from '../operations/types.ts';
import type { Scope } from '../scope.ts';
import { path } from '../transport/path.ts';
import { Channel } from '../websocket/channel.ts';
import { type MessageSocket, messageSocket } from '../websocket/messages.ts';
import { openOperationChannel } from './operation-channel.ts';
import type { ExecOptions, ExecSession } from './types.ts';

const killSignal = 9;

/**
 * Starts a command in an instance and resolves once all its channels are attached. They are attached at once, so that a
 * distant daemon's deadline for attaching (5 s in 6.0) holds for one round trip and not for four.
 */
export async function startExec(
  scope: Scope,
  instance: string,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecSession> {
  const interactive = options.terminal !== undefined;
  const run = scope.start(
    'POST',
    path`/1.0/instances/${instance}/exec`,
    { json: execBody(argv, options), ...(options.signal !== undefined && { signal: options.signal }) },
    (operation) => operation,
  );
  const exit = exitCode(run);
  // It is handed out below; a failure before that is thrown by what fails first.
  exit.catch(() => {});
  const operation = await run.started;
  const attaching = new AbortController();
  const attach = (channel: string) => openOperationChannel(scope, operation, channel, attaching.signal);
  const names = interactive ? ['0', 'control'] : ['0', '1', '2', 'control'];
  // The daemon starts the command once its standard streams are attached, whether control is or not; a quick one would
  // have ended before control arrives. So standard input comes after all others: two round trips, whatever the distance.
  const [first = '0', ...others] = names;
  const rest = await Promise.allSettled(others.map(attach));
  const attached = rest.every(({ status }) => status === 'fulfilled')
    ? [...(await Promise.allSettled([attach(first)])), ...rest]
    : rest;
  const failed = attached.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    for (const result of attached) if (result.status === 'fulfilled') result.value.destroy();
    // The command may have failed to start: then that is the reason, and the exit code says so.
    attaching.abort();
    throw failed.reason;
  }
  const sockets = attached.map(
    (result) => (result as PromiseFulfilledResult<Awaited<ReturnType<typeof attach>>>).value,
  );
  const [input, output, errors] = sockets
    .slice(0, -1)
    .map((socket, fd) => new Channel(socket, { endsTogether: interactive, readOnly: !interactive && fd > 0 }));
  const controlSocket = sockets.at(-1);
  if (input === undefined || controlSocket === undefined)
    throw new IncusError('PROTOCOL_ERROR', 'exec without channels');
  const control = messageSocket(controlSocket, { message: () => {}, closed: () => {} });
  const stdout = output ?? input;
  const stderr = errors ?? Readable.from([]);
  // A failure is told by `exit`, and by the streams to whoever reads them: it must not end the process of one who does not.
  for (const stream of [input, stdout, stderr]) stream.on('error', () => {});
  if (output !== undefined) output.end();
  if (errors !== undefined) errors.end();
  // stdin's own socket says nothing worth reading, but its end must be seen.
  if (output !== undefined) input.resume();

  const abort = () => {
    kill(control, killSignal);
    for (const stream of [input, stdout, stderr]) stream.destroy();
  };
  options.signal?.addEventListener('abort', abort, { once: true });
  const ended = exit.finally(() => {
    options.signal?.removeEventListener('abort', abort);
    control.close();
    input.destroy();
  });
  ended.catch(() => {});

  return {
    operationId: operation.id,
    stdin: input,
    stdout,
    stderr,
    exit: ended,
    kill: (signal) => kill(control, signal),
    resize: ({ width, height }) =>
      control.send(
        JSON.stringify({ command: 'window-resize', args: { width: String(width), height: String(height) } }),
      ),
    async [Symbol.asyncDispose]() {
      abort();
      await ended.catch(() => {});
    },
  };
}

function execBody(
  argv: readonly string[],
  { env, cwd, user, group, terminal }: ExecOptions,
): Record<string, unknown> {
  return {
    command: argv,
    'wait-for-websocket': true,
    interactive: terminal !== undefined,
    ...(env !== undefined && { environment: env }),
    ...(cwd !== undefined && { cwd }),
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    ...terminal,
  };
}

/** A command's own failure is an exit code, whatever the operation says: 6.0.4 fails that of a missing command (127). */
async function exitCode(run: PromiseLike<Operation>): Promise<number> {
  try {
    return returnOf(await run);
  } catch (error) {
    if (error instanceof OperationError && typeof error.operation.metadata?.['return'] === 'number')
      return returnOf(error.operation);
    throw error;
  }
}

function returnOf(operation: Operation): number {
  const code = operation.metadata?.['return'];
  if (typeof code === 'number') return code;
  throw new IncusError('PROTOCOL_ERROR', `the exec operation ${operation.id} ended without an exit code`);
}

function kill(control: MessageSocket, signal: number): void {
  control.send(JSON.stringify({ command: 'signal', signal }));
}
