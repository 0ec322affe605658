import type { Duplex } from 'node:stream';
import { hasEnded } from '../transport/has-ended.ts';
import type { Transport } from '../transport/types.ts';
import { frameHeader, opcode } from './frames.ts';

/** Milliseconds between two pings of ours. The daemon sends its own every 10 s on a command's sockets (6.0.4, 7.0.2). */
const pingInterval = 10_000;
/** Milliseconds without a byte, pings and pongs included, after which a socket is dead. */
const idleLimit = 40_000;

/** How a websocket is seen to be alive. */
interface PulseOptions {
  /** For the error, e.g. `GET /1.0/events`. */
  readonly what: string;
  /** Whether to ping; where nothing may be written, the daemon's own pings are waited for. */
  readonly pings: boolean;
  readonly dead: (error: Error) => void;
}

/**
 * Watches a websocket over a network, which may stop to carry anything without a word; that of this machine's daemon is not
 * watched. Ends with the socket.
 */
export function watchPulse(transport: Transport, socket: Duplex, { what, pings, dead }: PulseOptions): void {
  if (!transport.remote || hasEnded(socket)) return;
  const watch = transport.watch({ what, limit: idleLimit, held: () => socket.isPaused(), dead });
  socket.on('data', () => watch.progress());
  const timer = pings
    ? setInterval(() => {
        if (!socket.destroyed && !socket.writableEnded) socket.write(frameHeader(opcode.ping, 0));
      }, pingInterval).unref()
    : undefined;
  socket.once('close', () => {
    clearInterval(timer);
    watch[Symbol.dispose]();
  });
}
