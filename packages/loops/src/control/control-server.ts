import { statSync } from 'node:fs';
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { LoopsError } from '../errors.ts';
import type { KeptPlace } from '../supervisor/keeping/place-keeper.ts';
import { type AnswerMessage, pulseInterval, type RequestMessage } from './requests.ts';

/** How long the end of the server waits for answers that are under way, in milliseconds. */
const lastAnswers = 500;

/** So many bytes wait for a client to read them, at most. */
const mostUnread = 16 * 2 ** 20;

/** Answers a request; an async iterable is streamed line by line until the client hangs up. */
export type ControlHandler = (request: RequestMessage, signal: AbortSignal) => Promise<unknown>;

/** A control socket that is listened on until it is disposed. */
export type ControlServer = AsyncDisposable & KeptPlace;

/**
 * Listens on the rig's control socket, which only its user may open. The caller holds the rig's lock, so a file
 * that is there already is stale.
 */
export async function serveControl(path: string, handle: ControlHandler): Promise<ControlServer> {
  const connections = new Set<Socket>();
  const answering = new Set<Promise<void>>();
  const begin = async (): Promise<{ readonly server: Server; readonly ino: number }> => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(path, { force: true });
    const server = createServer((socket) => {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
      serveConnection(socket, (line, signal) => {
        const task = answer(socket, line, handle, signal).finally(() => answering.delete(task));
        answering.add(task);
      });
    });
    await listen(server, path);
    await chmod(path, 0o600);
    return { server, ino: (await stat(path)).ino };
  };
  let current = await begin();
  return {
    path,
    isThere: () => statSync(path, { throwIfNoEntry: false })?.ino === current.ino,
    restore: async () => {
      // It goes first, for its end removes whatever is at its path.
      current.server.close();
      current = await begin();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => current.server.close(() => resolve()));
      await Promise.race([Promise.all(answering), delay(lastAnswers, undefined, { ref: false })]);
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
    server.listen(path);
  });
}

function serveConnection(socket: Socket, onLine: (line: string, signal: AbortSignal) => void): void {
  const controller = new AbortController();
  socket.once('close', () => controller.abort());
  // A client that hangs up is no error of ours; `close` follows. The reader of its lines tells of it as well.
  const hungUp = (): void => void socket.destroy();
  socket.on('error', hungUp);
  send(socket, { type: 'greeting', pid: process.pid });
  createInterface({ input: socket })
    .on('error', hungUp)
    .on('line', (line) => onLine(line, controller.signal));
}

async function answer(
  socket: Socket,
  line: string,
  handle: ControlHandler,
  signal: AbortSignal,
): Promise<void> {
  const pulse = setInterval(() => send(socket, { type: 'pulse' }), pulseInterval);
  try {
    const result = await handle(parseRequest(line), signal);
    if (isStream(result)) for await (const item of result) send(socket, { type: 'item', item });
    else send(socket, { type: 'result', result: result ?? null });
  } catch (error) {
    if (signal.aborted) return;
    const code = error instanceof LoopsError ? error.code : 'UNEXPECTED';
    send(socket, { type: 'refusal', code, message: error instanceof Error ? error.message : String(error) });
  } finally {
    clearInterval(pulse);
  }
  socket.end();
}

/** A client that has stopped reading, as one whose output a pager holds back, is hung up on: what waits for it would fill the memory. */
function send(socket: Socket, message: AnswerMessage): void {
  if (socket.writableLength > mostUnread) socket.destroy();
  else socket.write(`${JSON.stringify(message)}\n`);
}

function parseRequest(line: string): RequestMessage {
  const data: unknown = JSON.parse(line);
  if (typeof data !== 'object' || data === null || !('method' in data) || typeof data.method !== 'string') {
    throw new LoopsError('REQUEST_REFUSED', 'a request is {"method": …, "params": …}');
  }
  const config = 'config' in data && typeof data.config === 'string' ? data.config : undefined;
  return { method: data.method, params: 'params' in data ? data.params : undefined, config };
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
