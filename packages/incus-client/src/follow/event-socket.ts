import { abortable } from '../transport/abortable.ts';
import { isMistrust } from '../transport/mistrust.ts';
import { pause } from '../transport/pause.ts';
import { IncusApiError } from '../errors.ts';
import { withQuery } from '../api/path.ts';
import type { Transport } from '../transport/types.ts';
import { type MessageSocket, messageSocket } from '../websocket/messages.ts';
import { openWebsocket } from '../websocket/open.ts';
import type { EventType, IncusEvent } from '../api/events.ts';

/** What an event socket is for: one filter, fixed for its life. */
export interface EventFilter {
  readonly types: readonly EventType[];
  readonly project: string | undefined;
  readonly allProjects: boolean;
}

/** Gets the events, and learns of the socket's fate. */
export interface EventListener {
  event(event: IncusEvent): void;
  /** The socket is open again after it was lost: what happened in between was missed. */
  reconnected(): void;
  /** The server refuses the socket, or the client was closed: no event will come. */
  ended(error: unknown): void;
}

/** One shared, reconnecting socket: open while there are listeners, and a little longer. */
export interface EventSocket {
  /** When it was last opened, on the clock of `performance.now()`. */
  readonly openedAt: number;
  /** Resolves once the socket is open, so that what is done next is seen; rejects where the server refuses it. */
  listen(listener: EventListener, signal?: AbortSignal): Promise<() => void>;
}

/** Milliseconds that it stays open without listeners: the next operation of a busy client need not open it again. */
const idleTime = 20_000;
const firstRetry = 100;
const lastRetry = 1_000;

/** Opens nothing until there is a listener. `rest` is for tests. */
export function eventSocket(transport: Transport, filter: EventFilter, rest = idleTime): EventSocket {
  const listeners = new Set<EventListener>();
  let idle: NodeJS.Timeout | undefined;
  let socket: MessageSocket | undefined;
  let opening: Promise<void> | undefined;
  let openedAt = -Infinity;

  const url = withQuery('/1.0/events', {
    type: filter.types.join(','),
    project: filter.allProjects ? undefined : filter.project,
    'all-projects': filter.allProjects ? true : undefined,
  });

  const tell = (call: (listener: EventListener) => void) => {
    for (const listener of listeners) call(listener);
  };

  const letGo = () => {
    socket?.hold(false);
    clearTimeout(idle);
    idle = setTimeout(() => {
      if (socket === undefined || listeners.size > 0) return;
      const unused = socket;
      socket = undefined;
      opening = undefined;
      unused.close();
    }, rest).unref();
  };

  const open = async () => {
    const duplex = await openWebsocket(transport, url, transport.closed);
    const opened = messageSocket(
      duplex,
      {
        message: (text) => {
          const event: IncusEvent = JSON.parse(text);
          tell((listener) => listener.event(event));
        },
        closed: () => {
          if (socket !== opened) return;
          socket = undefined;
          opening = undefined;
          if (listeners.size > 0) reconnect();
        },
      },
      transport,
      'GET /1.0/events',
    );
    socket = opened;
    openedAt = performance.now();
    if (listeners.size === 0) letGo();
    if (transport.closed.aborted) opened.close();
  };

  const reconnect = () => {
    opening = (async () => {
      for (let wait = firstRetry; ; wait = Math.min(wait * 2, lastRetry)) {
        try {
          await open();
          return;
        } catch (error) {
          if (transport.closed.aborted || listeners.size === 0 || isRefusal(error)) throw error;
        }
        await pause(wait, transport.closed);
      }
    })();
    opening.then(
      () => tell((listener) => listener.reconnected()),
      (error: unknown) => {
        opening = undefined;
        tell((listener) => listener.ended(error));
        listeners.clear();
      },
    );
  };

  transport.closed.addEventListener('abort', () => {
    const ended = socket;
    socket = undefined;
    ended?.close();
    tell((listener) => listener.ended(transport.closed.reason));
    listeners.clear();
  });

  return {
    get openedAt() {
      return openedAt;
    },
    async listen(listener, signal) {
      listeners.add(listener);
      const stop = () => {
        listeners.delete(listener);
        if (listeners.size === 0) letGo();
      };
      try {
        opening ??= open().catch((error: unknown) => {
          opening = undefined;
          throw error;
        });
        await abortable(opening, signal);
        socket?.hold(true);
        return stop;
      } catch (error) {
        stop();
        throw error;
      }
    },
  };
}

/** A server that starts answers with 503 and one that is out of reach not at all: they may come back. A refusal stays one. */
function isRefusal(error: unknown): boolean {
  return isMistrust(error) || (error instanceof IncusApiError && error.status < 500);
}
