import type { EventSocket } from '../events/event-socket.ts';
import { abortable } from '../events/event-socket.ts';
import type { Transport } from '../transport/transport.ts';
import { type Operation, isFinal } from './types.ts';
import { readOperation, waitOperation } from './wait-fallback.ts';

/** Follows operations to their end: by events where they are to be had, by `/wait` where not. */
export interface OperationTracker {
  /** Call before the request that starts an operation, so that no event of it is missed. */
  prepare(signal?: AbortSignal): Promise<Following>;
}

/** A readiness to follow; to be released whether or not an operation came of it. */
export interface Following extends Disposable {
  /** Resolves to the operation's final state. Aborting gives up the wait, not the operation. */
  end(operation: Operation, update: (operation: Operation) => void, signal?: AbortSignal): Promise<Operation>;
}

interface Waiter {
  readonly update: (operation: Operation) => void;
  readonly resolve: (operation: Operation) => void;
  readonly reject: (error: unknown) => void;
  /** Whether the operation is being read at this moment. */
  reading: boolean;
}

/** Events may fail silently (a half-open connection): each operation is read again this often, in milliseconds. */
const heartbeat = 15_000;
/** How long the events socket may take to open before `/wait` is used instead, in milliseconds. */
const openTimeout = 10_000;
/** For this long after the socket opened, the daemon may not have registered it yet. */
const settling = 1_000;

export function operationTracker(transport: Transport, socket: EventSocket): OperationTracker {
  const waiters = new Map<string, Waiter>();
  /** Ends seen before the answer to the request that started the operation was read. */
  const ends = new Map<string, Operation>();
  let users = 0;
  let stopListening: (() => void) | undefined;
  let listening: Promise<void> | undefined;
  let freshUntil = 0;
  let beat: NodeJS.Timeout | undefined;

  const readAgain = (id: string, waiter: Waiter) => {
    if (waiter.reading) return;
    waiter.reading = true;
    readOperation(transport, id, undefined)
      .then(
        (operation) => (isFinal(operation) ? waiter.resolve(operation) : waiter.update(operation)),
        waiter.reject,
      )
      .finally(() => {
        waiter.reading = false;
      });
  };
  const readAllAgain = () => {
    for (const [id, waiter] of waiters) readAgain(id, waiter);
  };

  const listen = async () => {
    const timeout = AbortSignal.timeout(openTimeout);
    stopListening = await socket.listen(
      {
        event: ({ type, metadata }) => {
          if (type !== 'operation') return;
          const waiter = waiters.get(metadata.id);
          if (!isFinal(metadata)) waiter?.update(metadata);
          else if (waiter !== undefined) waiter.resolve(metadata);
          else ends.set(metadata.id, metadata);
        },
        reconnected: () => {
          freshUntil = performance.now() + settling;
          readAllAgain();
        },
        ended: () => {
          stopListening = undefined;
          listening = undefined;
          for (const [id, waiter] of waiters)
            waitOperation(transport, id, undefined, waiter.update).then(waiter.resolve, waiter.reject);
        },
      },
      timeout,
    );
    freshUntil = performance.now() + settling;
  };

  const release = () => {
    users -= 1;
    if (users > 0) return;
    clearInterval(beat);
    ends.clear();
    stopListening?.();
    stopListening = undefined;
    listening = undefined;
  };

  return {
    async prepare(signal) {
      users += 1;
      if (users === 1) beat = setInterval(readAllAgain, heartbeat);
      listening ??= listen();
      const byEvents = await abortable(listening, signal).then(
        () => true,
        () => {
          listening = undefined;
          return false;
        },
      );
      if (signal?.aborted === true) {
        release();
        throw signal.reason;
      }
      return {
        end(operation, update, ending) {
          const { id } = operation;
          update(operation);
          if (isFinal(operation)) return Promise.resolve(operation);
          if (!byEvents || stopListening === undefined) return waitOperation(transport, id, ending, update);
          const seen = ends.get(id);
          if (seen !== undefined) return Promise.resolve(seen);
          const end = new Promise<Operation>((resolve, reject) => {
            const waiter = { update, resolve, reject, reading: false };
            waiters.set(id, waiter);
            if (performance.now() < freshUntil) readAgain(id, waiter);
          });
          return abortable(end, ending).finally(() => waiters.delete(id));
        },
        [Symbol.dispose]: release,
      };
    },
  };
}
