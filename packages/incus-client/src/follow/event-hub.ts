import { type OperationTracker, operationTracker } from './tracker.ts';
import type { Transport } from '../transport/types.ts';
import { type EventFilter, type EventSocket, eventSocket } from './event-socket.ts';

/** The events sockets of one server, one for each filter, shared by all who ask for the same. */
export interface EventHub {
  socket(filter: EventFilter): EventSocket;
  /** Follows the operations of a project; of the server's default one without a name. */
  tracker(project: string | undefined): OperationTracker;
}

export function createEventHub(transport: Transport): EventHub {
  const sockets = new Map<string, EventSocket>();
  const trackers = new Map<string | undefined, OperationTracker>();
  const socket = (filter: EventFilter) => {
    const key = JSON.stringify([[...filter.types].sort(), filter.project ?? null, filter.allProjects]);
    let found = sockets.get(key);
    if (found === undefined) {
      found = eventSocket(transport, filter);
      sockets.set(key, found);
    }
    return found;
  };
  return {
    socket,
    tracker(project) {
      let found = trackers.get(project);
      if (found === undefined) {
        found = operationTracker(
          transport,
          socket({ types: ['lifecycle', 'operation'], project, allProjects: false }),
        );
        trackers.set(project, found);
      }
      return found;
    },
  };
}
