import { connect, type Socket } from 'node:net';
import { LoopsError, type LoopsErrorCode, RequestRefusedError } from '../errors.ts';

/**
 * Asks the supervisor at a control socket and returns its one answer.
 *
 * @throws {LoopsError} `SUPERVISOR_ABSENT`: nobody listens there, or went away before the answer; otherwise the code that it refused with.
 */
export async function askSupervisor(
  socketPath: string,
  method: string,
  params: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  for await (const message of messages(socketPath, method, params, signal)) {
    if ('result' in message) return message.result;
  }
  throw wentAway(socketPath, method);
}

/** Like `askSupervisor`, for a request that is answered by a stream; it ends with the supervisor. */
export async function* streamFromSupervisor(
  socketPath: string,
  method: string,
  params: unknown,
  signal?: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  for await (const message of messages(socketPath, method, params, signal)) {
    if ('item' in message) yield message.item;
  }
}

async function* messages(
  socketPath: string,
  method: string,
  params: unknown,
  signal?: AbortSignal,
): AsyncGenerator<object, void, undefined> {
  const socket = await open(socketPath);
  const abort = (): void => void socket.destroy();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    socket.write(`${JSON.stringify({ method, params })}\n`);
    for await (const line of linesOf(socket)) {
      const message: unknown = JSON.parse(line);
      if (typeof message !== 'object' || message === null) continue;
      if ('error' in message) throw refusal(message.error);
      yield message;
    }
    signal?.throwIfAborted();
  } catch (error) {
    signal?.throwIfAborted();
    if (isSystemError(error)) throw wentAway(socketPath, method, error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** Whole lines only: a supervisor that is killed in the middle of an answer leaves half of one. */
async function* linesOf(socket: Socket): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const piece of socket.setEncoding('utf8')) {
    const lines = (rest + String(piece)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

function wentAway(socketPath: string, method: string, cause?: unknown): LoopsError {
  return new LoopsError(
    'SUPERVISOR_ABSENT',
    `the supervisor at ${socketPath} went away before it answered ${method}`,
    { cause },
  );
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

async function open(socketPath: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) =>
      reject(
        new LoopsError(
          'SUPERVISOR_ABSENT',
          `no supervisor listens at ${socketPath}; start it with loops up`,
          { cause: error },
        ),
      ),
    );
  });
}

const codes: ReadonlySet<string> = new Set<LoopsErrorCode>([
  'LOOP_UNKNOWN',
  'REQUEST_REFUSED',
  'TMUX_FAILED',
  'TMUX_LOST',
  'GIT_FAILED',
  'CLAIM_REFUSED',
  'ROUNDS_USED_UP',
  'GATE_FAILED',
  'VERDICT_REFUSED',
  'ADVANCE_REFUSED',
  'PROMPT_REFUSED',
]);

function refusal(error: unknown): LoopsError {
  const fields = typeof error === 'object' && error !== null ? error : {};
  const message = 'message' in fields ? String(fields.message) : 'the supervisor refused';
  const code = 'code' in fields ? fields.code : undefined;
  return new RequestRefusedError(isCode(code) ? code : 'REQUEST_REFUSED', message);
}

function isCode(code: unknown): code is LoopsErrorCode {
  return typeof code === 'string' && codes.has(code);
}
