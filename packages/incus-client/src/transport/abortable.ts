import { untilAborted } from '@cutover/foundation/until-aborted';

import { unlimited } from './unlimited.ts';

/** `promise`, given up when `signal` is aborted. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  unlimited(signal);
  return untilAborted(signal, promise);
}
