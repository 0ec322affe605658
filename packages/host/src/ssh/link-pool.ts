import { finished } from 'node:stream/promises';

import type { SpawnCommand, SpawnedCommand } from '@cutover/host-contract';

import type { Link } from './link.ts';
import { createSessionQueue } from './session-queue.ts';
import { untilAborted } from '@cutover/foundation/until-aborted';

/** How many connections are made to one server. */
const most = 9;

/** How many logins may be under way: dropbear refuses a sixth from one address. */
const logins = 3;

interface Entry {
  readonly opening: Promise<Link>;
  /** Commands that use it or wait for it. */
  load: number;
}

/** Connections for a server that runs one command at a time on each. */
export interface LinkPool {
  spawn(command: SpawnCommand): Promise<SpawnedCommand>;
  close(): Promise<void>;
}

export function createLinkPool(open: () => Promise<Link>): LinkPool {
  const entries = new Set<Entry>();
  const opening = createSessionQueue(logins);
  const never = new AbortController().signal;

  const add = (): Entry => {
    const entry: Entry = { load: 0, opening: openOne() };
    const forget = (): void => void entries.delete(entry);
    entry.opening.then((link) => link.connection.onLost(forget), forget);
    entries.add(entry);
    return entry;
  };
  const openOne = async (): Promise<Link> => {
    const release = await opening.acquire(never);
    try {
      return await open();
    } finally {
      release();
    }
  };
  const leastLoaded = (): Entry => {
    const [least] = [...entries].toSorted((a, b) => a.load - b.load);
    return least === undefined || (least.load > 0 && entries.size < most) ? add() : least;
  };

  return {
    spawn: async (command) => {
      const entry = leastLoaded();
      entry.load += 1;
      const release = (): void => {
        entry.load -= 1;
      };
      try {
        const link = await untilAborted(command.signal, entry.opening);
        const spawned = await link.spawn(command);
        const { exit, stdout, stderr } = spawned;
        void Promise.allSettled([exit, finished(stdout), finished(stderr)]).then(release);
        return spawned;
      } catch (error) {
        release();
        throw error;
      }
    },
    close: async () => {
      const opened = await Promise.allSettled([...entries].map(async (entry) => await entry.opening));
      await Promise.all(
        opened.map(async (each) =>
          each.status === 'fulfilled' ? await each.value.connection.close() : undefined,
        ),
      );
    },
  };
}
