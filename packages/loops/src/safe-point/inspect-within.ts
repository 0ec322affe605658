import { CommandAbortedError, CommandTimeoutError, type Host } from '@cutover/host';
import type { CloneReport } from '../git/clone-report.ts';
import { inspectClone, type InspectOptions } from './inspect-clone.ts';

/** Looks at a clone for so many milliseconds at most: a remote or a file system may hang. Then it is `unseen`. */
export async function inspectWithin(
  host: Host,
  path: string,
  milliseconds: number,
  { signal, ...options }: InspectOptions = {},
): Promise<CloneReport> {
  return within(path, milliseconds, signal, (either) =>
    inspectClone(host, path, { ...options, signal: either }),
  );
}

/** A report of a clone, or that it was `unseen` when that takes longer than so many milliseconds. */
export async function within(
  path: string,
  milliseconds: number,
  signal: AbortSignal | undefined,
  look: (either: AbortSignal) => Promise<CloneReport>,
): Promise<CloneReport> {
  const timeUp = AbortSignal.timeout(Math.max(0, Math.round(milliseconds)));
  const either = signal === undefined ? timeUp : AbortSignal.any([signal, timeUp]);
  try {
    return await look(either);
  } catch (error) {
    const late =
      error instanceof CommandTimeoutError || (error instanceof CommandAbortedError && timeUp.aborted);
    if (!late || signal?.aborted === true) throw error;
    const detail = `git did not answer in time: ${error.message}`;
    return { path, safe: false, reasons: [{ code: 'unseen', detail }], unpushed: 0, stashes: 0, changed: [] };
  }
}
