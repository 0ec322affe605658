import { AsyncQueue } from '@cutover/foundation/async-queue';
import type { Scope } from '../scope.ts';
import type { EventListener } from '../follow/event-socket.ts';
import type { EventType, GapEvent, IncusEvent } from '../api/events.ts';

/** Which events. */
export interface EventsOptions {
  /** Default `lifecycle` and `operation`. `logging` and `network-acl` are for administrators. */
  readonly types?: readonly EventType[] | undefined;
  /** Of every project rather than of the scope's own. */
  readonly allProjects?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Events held for a reader that is behind; more are dropped and told as one gap. Default 10 000. */
  readonly bufferSize?: number | undefined;
}

/** Any client may ask for these; they share the one socket of a project that operations are followed on. */
const shared: readonly EventType[] = ['lifecycle', 'operation'];

/**
 * The server's events, from the moment of the first `next()`. The socket is shared and opened again when it is lost; what may
 * have been missed is told by a `gap`. Ends when the loop is left; rejects when the signal is aborted, the client closed, or
 * the server refuses it (it no longer trusts us, say).
 */
export async function* subscribe(
  scope: Scope,
  options: EventsOptions,
): AsyncGenerator<IncusEvent | GapEvent, void, undefined> {
  const { types = shared, allProjects = false, signal, bufferSize = 10_000 } = options;
  const wanted = new Set(types);
  const onlyShared = types.every((type) => shared.includes(type));
  const socket = scope.events.socket({
    types: onlyShared ? shared : types,
    project: scope.project,
    allProjects,
  });
  const queue = new AsyncQueue<IncusEvent | GapEvent>({
    limit: bufferSize,
    dropped: (missed) => gap('slow-reader', missed),
  });
  const abort = () => queue.fail(signal?.reason);
  const listener: EventListener = {
    event: (event) => {
      if (wanted.has(event.type)) queue.push(event);
    },
    reconnected: () => queue.push(gap('reconnected')),
    ended: (error) => queue.fail(error),
  };
  signal?.throwIfAborted();
  const stop = await socket.listen(listener, signal);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    yield* queue;
  } finally {
    stop();
    signal?.removeEventListener('abort', abort);
  }
}

function gap(reason: GapEvent['reason'], missed?: number): GapEvent {
  return {
    type: 'gap',
    reason,
    ...(missed !== undefined && { missed }),
    timestamp: new Date().toISOString(),
  };
}
