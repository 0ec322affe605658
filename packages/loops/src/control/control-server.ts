import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { LoopsError } from '../errors.ts';

/** One request over the control socket: a line of JSON, answered by one line, or by many when it streams. */
export interface ControlRequest {
  readonly method: string;
  readonly params: unknown;
}

/** Answers a request; an async iterable is streamed line by line until the client hangs up. */
export type ControlHandler = (request: ControlRequest, signal: AbortSignal) => Promise<unknown>;

/**
 * Listens on the rig's control socket, which only its user may open. The caller holds the rig's lock, so a file
 * that is there already is stale.
 */
export async function serveControl(path: string, handle: ControlHandler): Promise<AsyncDisposable> {
  await rm(path, { force: true });
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    serveConnection(socket, handle);
  });
  await listen(server, path);
  await chmod(path, 0o600);
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
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

function serveConnection(socket: Socket, handle: ControlHandler): void {
  const controller = new AbortController();
  socket.once('close', () => controller.abort());
  // A client that hangs up is no error of ours; `close` follows.
  socket.on('error', () => socket.destroy());
  createInterface({ input: socket }).on(
    'line',
    (line) => void answer(socket, line, handle, controller.signal),
  );
}

async function answer(
  socket: Socket,
  line: string,
  handle: ControlHandler,
  signal: AbortSignal,
): Promise<void> {
  const send = (message: unknown): void => void socket.write(`${JSON.stringify(message)}\n`);
  try {
    const result = await handle(parseRequest(line), signal);
    if (isStream(result)) for await (const item of result) send({ item });
    else send({ result: result ?? null });
  } catch (error) {
    if (signal.aborted) return;
    send({
      error: {
        code: error instanceof LoopsError ? error.code : 'UNEXPECTED',
        message: error instanceof Error ? error.message : String(error),
      },
    });
  }
  socket.end();
}

function parseRequest(line: string): ControlRequest {
  const data: unknown = JSON.parse(line);
  if (typeof data !== 'object' || data === null || !('method' in data) || typeof data.method !== 'string') {
    throw new LoopsError('REQUEST_REFUSED', 'a request is {"method": …, "params": …}');
  }
  return { method: data.method, params: 'params' in data ? data.params : undefined };
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
