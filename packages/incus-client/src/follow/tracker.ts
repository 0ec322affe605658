import type { EventSocket } from './event-socket.ts';
import { abortable } from '../transport/abortable.ts';
import type { Transport } from '../transport/types.ts';
import { type Operation, isFinal } from '../api/operation.ts';
import { readOperation, waitOperation } from './wait-fallback.ts';

/** Follows operations to their end: by events where they are to be had, by `/wait` where not. */
export interface OperationTracker {
  /** Call before the request that starts an operation, so that no event of it is missed. */
  prepare(signal?: AbortSignal): Promise<Following>;
}

/** A readiness to follow; to be released whether or not an operation came of it. */
interface Following extends Disposable {
  /** Resolves to the operation's final state. Aborting gives up the wait, not the operation. */
  end(operation: Operation, update: (operation: Operation) => void, signal?: AbortSignal): Promise<Operation>;
}

interface Waiter {
  readonly id: string;
  readonly update: (operation: Operation) => void;
  readonly resolve: (operation: Operation) => void;
  readonly reject: (error: unknown) => void;
  /** Aborted when its end is no longer wanted. */
  readonly signal: AbortSignal | undefined;
  /** Whether the operation is being read at this moment. */
  reading: boolean;
}

/**
 * Events may fail silently (a half-open connection), and the daemon forgets an operation 5 s after its end: each is read
 * again this often, in milliseconds, so that its end is found even where the event of it is missed.
 */
const heartbeat = 3_000;
/** How long the events socket may take to open before `/wait` is used instead, in milliseconds. */
const openTimeout = 10_000;
/** So many ends are remembered; the answer to a request is never further behind. */
const endsKept = 1_000;
/** For this long after the socket opened, the daemon may not have registered it yet. */
const settling = 1_000;

export function operationTracker(transport: Transport, socket: EventSocket): OperationTracker {
  const waiters = new Set<Waiter>();
  /** Ends seen before the answer to the request that started the operation was read. */
  const ends = new Map<string, Operation>();
  let users = 0;
  let listening: Promise<() => void> | undefined;
  let beat: NodeJS.Timeout | undefined;

  const readAgain = (waiter: Waiter) => {
    if (waiter.reading) return;
    waiter.reading = true;
    readOperation(transport, waiter.id, waiter.signal)
      .then(
        (operation) => (isFinal(operation) ? waiter.resolve(operation) : waiter.update(operation)),
        waiter.reject,
      )
      .finally(() => {
        waiter.reading = false;
      });
  };
  const readAllAgain = () => {
    for (const waiter of waiters) readAgain(waiter);
  };

  const seen = (operation: Operation) => {
    for (const waiter of waiters) {
      if (waiter.id !== operation.id) continue;
      if (isFinal(operation)) waiter.resolve(operation);
      else waiter.update(operation);
    }
    if (!isFinal(operation)) return;
    ends.set(operation.id, operation);
    const [oldest] = ends.keys();
    if (ends.size > endsKept && oldest !== undefined) ends.delete(oldest);
  };

  const listen = async () => {
    return socket.listen(
      {
        event: (event) => {
          if (event.type === 'operation') seen(event.metadata);
        },
        reconnected: readAllAgain,
        ended: () => {
          listening = undefined;
          for (const { id, update, resolve, reject, signal } of waiters)
            waitOperation(transport, id, signal, update).then(resolve, reject);
        },
      },
      AbortSignal.timeout(openTimeout),
    );
  };

  const release = () => {
    users -= 1;
    if (users > 0) return;
    clearInterval(beat);
    ends.clear();
    listening?.then(
      (stop) => stop(),
      // It never listened: there is nothing to stop.
      () => {},
    );
    listening = undefined;
  };

  const end = (operation: Operation, update: Waiter['update'], signal: AbortSignal | undefined) => {
    const { id } = operation;
    const known = ends.get(id);
    if (known !== undefined) return Promise.resolve(known);
    const waiter: Waiter = { id, update, resolve: () => {}, reject: () => {}, signal, reading: false };
    const ended = new Promise<Operation>((resolve, reject) => {
      Object.assign(waiter, { resolve, reject });
    });
    waiters.add(waiter);
    if (performance.now() - socket.openedAt < settling) readAgain(waiter);
    return abortable(ended, signal).finally(() => waiters.delete(waiter));
  };

  return {
    async prepare(signal) {
      users += 1;
      if (users === 1) beat = setInterval(readAllAgain, heartbeat);
      if (listening === undefined) {
        const attempt = listen();
        listening = attempt;
        attempt.catch(() => {
          if (listening === attempt) listening = undefined;
        });
      }
      // Without events there is `/wait`; one who gives up leaves the socket to those who still want it.
      await abortable(listening, signal).catch(() => {});
      if (signal?.aborted === true) {
        release();
        throw signal.reason;
      }
      return {
        end(operation, update, ending) {
          update(operation);
          if (isFinal(operation)) return Promise.resolve(operation);
          return listening === undefined
            ? waitOperation(transport, operation.id, ending, update)
            : end(operation, update, ending);
        },
        [Symbol.dispose]: release,
      };
    },
  };
}
