import type { Duplex } from 'node:stream';
import { hasEnded } from '../transport/has-ended.ts';
import type { Transport } from '../transport/types.ts';
import { send } from './channel.ts';
import { frameParser, opcode } from './frames.ts';
import { watchPulse } from './pulse.ts';

/** A websocket that carries whole text messages, as events and exec's control do. */
export interface MessageSocket {
  send(message: string): void;
  /** Lets the process end while this socket is open, or not. */
  hold(held: boolean): void;
  close(): void;
}

interface MessageHandler {
  message(text: string): void;
  /** Called once, however the socket ended. */
  closed(cause: Error | undefined): void;
}

/** Takes over `socket`, which speaks websocket frames. */
export function messageSocket(
  socket: Duplex,
  handler: MessageHandler,
  transport: Transport,
  what: string,
): MessageSocket {
  let parts: Buffer[] = [];
  let open = true;
  const finish = (cause?: Error) => {
    if (!open) return;
    open = false;
    socket.destroy();
    handler.closed(cause);
  };
  const parse = frameParser({
    data: (_kind, part, last) => {
      parts.push(part);
      if (!last) return;
      const text = Buffer.concat(parts).toString();
      parts = [];
      handler.message(text);
    },
    control: (kind, payload) => {
      if (kind === 'ping') send(socket, opcode.pong, payload);
      if (kind === 'close') finish();
    },
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      parse(chunk);
    } catch (error) {
      finish(error instanceof Error ? error : new Error(String(error)));
    }
  });
  watchPulse(transport, socket, { what, pings: true, dead: finish });
  socket.on('error', finish);
  socket.on('end', () => finish());
  socket.on('close', () => finish());
  // While the other channels were attached. Its owner has yet to get it, and is told afterwards.
  if (hasEnded(socket)) setImmediate(finish, socket.errored ?? undefined);
  return {
    send: (message) => send(socket, opcode.text, Buffer.from(message)),
    hold: (held) => {
      if (
        'ref' in socket &&
        'unref' in socket &&
        typeof socket.ref === 'function' &&
        typeof socket.unref === 'function'
      ) {
        if (held) socket.ref();
        else socket.unref();
      }
    },
    close: () => finish(),
  };
}
