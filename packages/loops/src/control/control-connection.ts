import { connect, type Socket } from 'node:net';
import { isErrno, isSystemError } from '@cutover/foundation/errno';
import { isLoopsErrorCode, LoopsError, RequestRefusedError, RequestUnansweredError } from '../errors.ts';
import { type AnswerMessage, type Requests, silencePatience, type Streams } from './requests.ts';

/** Which rig is meant, and what ends the wait for the answer. */
export interface AskOptions {
  /** The config file that is meant: a supervisor of another rig refuses. */
  readonly config?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks the supervisor at a control socket and returns its one answer.
 *
 * @throws {LoopsError} `SUPERVISOR_ABSENT`: none listens there, or it went away before the answer; `SUPERVISOR_SILENT`:
 * one is there and said nothing for five seconds. What was asked of a silent one before it greeted is not carried out.
 * @throws {RequestRefusedError} with the code that it refused with.
 *
 * @example
 * const config = await loadRigConfig('loops.yaml');
 * await askSupervisor(controlSocket(config), 'restart', { names: ['builder'], fresh: false });
 */
export async function askSupervisor<Method extends keyof Requests>(
  socketPath: string,
  method: Method,
  params: Requests[Method]['params'],
  options: AskOptions = {},
): Promise<Requests[Method]['result']> {
  for await (const message of answers(socketPath, method, params, options)) {
    // The supervisor is the same package, on the same machine: its answer is of the request's type.
    if (message.type === 'result') return message.result as Requests[Method]['result'];
  }
  throw new RequestUnansweredError(socketPath, method, undefined);
}

/** Like `askSupervisor`, for a request that is answered by a stream; it ends with the supervisor. */
export async function* streamFromSupervisor<Method extends keyof Streams>(
  socketPath: string,
  method: Method,
  params: Streams[Method]['params'],
  options: AskOptions = {},
): AsyncGenerator<Streams[Method]['item'], void, undefined> {
  for await (const message of answers(socketPath, method, params, options)) {
    if (message.type === 'item') yield message.item as Streams[Method]['item'];
  }
}

async function* answers(
  socketPath: string,
  method: string,
  params: unknown,
  { signal, config }: AskOptions,
): AsyncGenerator<AnswerMessage, void, undefined> {
  signal?.throwIfAborted();
  const socket = await open(socketPath);
  let silent = false;
  let isAsked = false;
  socket.setTimeout(silencePatience, () => {
    silent = true;
    socket.destroy();
  });
  const abort = (): void => void socket.destroy();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for await (const line of linesOf(socket)) {
      const message = JSON.parse(line) as AnswerMessage;
      if (message.type === 'refusal') throw refusal(message);
      if (message.type === 'greeting') {
        isAsked = true;
        socket.write(`${JSON.stringify({ method, params, config })}\n`);
      } else yield message;
    }
    if (silent) throw saysNothing(socketPath, method);
    signal?.throwIfAborted();
    if (!isAsked) throw wentAway(socketPath, method);
  } catch (error) {
    signal?.throwIfAborted();
    if (silent) throw saysNothing(socketPath, method);
    if (isSystemError(error) && isAsked) throw new RequestUnansweredError(socketPath, method, error);
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

function saysNothing(socketPath: string, method: string): LoopsError {
  return new LoopsError(
    'SUPERVISOR_SILENT',
    `the supervisor at ${socketPath} said nothing for ${silencePatience / 1000} s when it was asked for ${method}; ` +
      'look whether it is stopped (ps -o pid,stat,args), and kill it if it hangs: the agents live on',
  );
}

function wentAway(socketPath: string, method: string, cause?: unknown): LoopsError {
  return new LoopsError(
    'SUPERVISOR_ABSENT',
    `the supervisor at ${socketPath} went away before it was asked for ${method}`,
    { cause },
  );
}

async function open(socketPath: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('connect', () => resolve(socket));
    socket.on('error', (cause) => {
      const why = isErrno(cause, 'EACCES') ? 'this user may not open' : 'no supervisor listens at';
      reject(new LoopsError('SUPERVISOR_ABSENT', `${why} ${socketPath}; start one with loops up`, { cause }));
    });
  });
}

function refusal({ code, message }: AnswerMessage & { readonly type: 'refusal' }): LoopsError {
  return new RequestRefusedError(isLoopsErrorCode(code) ? code : 'REQUEST_REFUSED', message);
}
