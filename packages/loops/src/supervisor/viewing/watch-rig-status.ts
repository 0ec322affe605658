import { AsyncQueue } from '@cutover/foundation/async-queue';
import type { RigStatus, WatchedStatus } from '../../control/status.ts';
import type { EventHub } from '../../events/event-hub.ts';
import type { RigEvent } from '../../events/rig-event.ts';

/** How often it is looked for a change that no event tells of, in milliseconds: a wait for memory, for example. */
const interval = 2000;

/** The status now, with every event after it, and when it changed without one, until the signal is aborted. */
export async function* watchRigStatus(
  events: EventHub,
  read: () => RigStatus,
  signal: AbortSignal,
): AsyncGenerator<WatchedStatus, void, undefined> {
  const queue = new AsyncQueue<RigEvent | undefined>();
  using _listening = events.listen((event) => queue.push(event));
  const timer = setInterval(() => queue.push(undefined), interval);
  const end = (): void => queue.end();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    let status = read();
    yield { status };
    for await (const event of queue) {
      if (signal.aborted) return;
      const before = status;
      status = read();
      if (event !== undefined) yield { status, event };
      else if (withoutClock(status) !== withoutClock(before)) yield { status };
    }
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', end);
  }
}

/** What is left of a lease changes all the time. */
function withoutClock({ ownership, ...status }: RigStatus): string {
  return JSON.stringify([status, ownership?.owner, ownership?.epoch]);
}
