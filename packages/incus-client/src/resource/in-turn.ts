import { abortable } from '../transport/abortable.ts';
import type { Scope } from '../scope.ts';

/** The last change of each resource that is under way, by its path in its project. */
const underWay = new WeakMap<Scope['transport'], Map<string, Promise<void>>>();

/**
 * Makes the changes of one resource, by one client, one after the other. The daemon compares an ETag and writes in two steps: of
 * changes at the same moment it lets several pass (seen of profiles, 6.0.4), and only the last of them stays.
 */
export async function inTurn(
  { transport, url }: Scope,
  path: string,
  signal: AbortSignal | undefined,
  change: () => Promise<void>,
): Promise<void> {
  const changes = underWay.get(transport) ?? new Map<string, Promise<void>>();
  underWay.set(transport, changes);
  const key = url(path);
  const before = changes.get(key) ?? Promise.resolve();
  const done = before.then(async () => {
    signal?.throwIfAborted();
    await change();
  });
  // The next one waits for the end of this one, however it ends.
  const ended = done.catch(() => {});
  changes.set(key, ended);
  void ended.then(() => {
    if (changes.get(key) === ended) changes.delete(key);
  });
  await abortable(done, signal);
}
