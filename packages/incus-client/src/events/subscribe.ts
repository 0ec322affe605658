import type { Scope } from '../scope.ts';
import type { EventListener } from './event-socket.ts';
import type { EventType, GapEvent, IncusEvent } from './types.ts';

/** Which events. */
export interface EventsOptions {
  /** Default `lifecycle` and `operation`. `logging` and `network-acl` are for administrators. */
  readonly types?: readonly EventType[];
  /** Of every project rather than of the scope's own. */
  readonly allProjects?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Events held for a reader that is behind; more are dropped and told as one gap. Default 10 000. */
  readonly bufferSize?: number;
}

/** These may be asked for by everybody, and share the one socket of a project that operations are followed on. */
const shared: readonly EventType[] = ['lifecycle', 'operation'];

/**
 * The server's events, from the moment of the first `next()`. The socket is shared and opened again when it is lost; what may
 * have been missed is told by a `gap`. Ends when the loop is left; rejects when the signal is aborted or the client closed.
 */
export async function* subscribe(
  scope: Scope,
  options: EventsOptions,
): AsyncGenerator<IncusEvent | GapEvent, void, void> {
  const { types = shared, allProjects = false, signal, bufferSize = 10_000 } = options;
  const wanted = new Set(types);
  const onlyShared = types.every((type) => shared.includes(type));
  const socket = scope.events.socket({
    types: onlyShared ? shared : types,
    project: scope.project,
    allProjects,
  });
  let queue: (IncusEvent | GapEvent)[] = [];
  let dropped = 0;
  let ended: { readonly error: unknown } | undefined;
  let wake: () => void = () => {};
  const gap = (reason: GapEvent['reason'], missed?: number): GapEvent => ({
    type: 'gap',
    reason,
    ...(missed !== undefined && { missed }),
    timestamp: new Date().toISOString(),
  });
  const end = (error: unknown) => {
    ended ??= { error };
    wake();
  };
  const abort = () => end(signal?.reason);
  const listener: EventListener = {
    event: (event) => {
      if (!wanted.has(event.type)) return;
      if (queue.length < bufferSize) queue.push(event);
      else dropped += 1;
      wake();
    },
    reconnected: () => {
      queue.push(gap('reconnected'));
      wake();
    },
    ended: end,
  };
  signal?.throwIfAborted();
  const stop = await socket.listen(listener, signal);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    for (;;) {
      const batch = queue;
      queue = [];
      yield* batch;
      if (dropped > 0) {
        const missed = dropped;
        dropped = 0;
        yield gap('slow-reader', missed);
      } else if (queue.length === 0) {
        if (ended !== undefined) throw ended.error;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    stop();
    signal?.removeEventListener('abort', abort);
  }
}
