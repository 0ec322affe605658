import { setMaxListeners } from 'node:events';

/** Lets any number of calls share a signal: Node (20) warns of a leak from the eleventh listener on. */
export function unlimited(signal: AbortSignal | undefined): void {
  if (signal !== undefined) setMaxListeners(0, signal);
}
