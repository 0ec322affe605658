import { watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { leaveFile, readFileIfThere } from './answer-file.ts';

/** Who ended a run from another process, and why. */
export interface CancelRequest {
  readonly by: string;
  readonly note?: string | undefined;
}

const fileName = 'cancel.json';

/** Leaves a request where the runner of this directory finds it. Returns `false` when one is there already. */
export async function leaveCancelRequest(directory: string, request: CancelRequest): Promise<boolean> {
  return leaveFile(join(directory, fileName), JSON.stringify(request));
}

/** A watch for requests to cancel a run. */
export interface CancelWatch extends Disposable {
  /** Resolves when what was being handled is. */
  settled(): Promise<void>;
}

/** Takes away a request that is left of an earlier run: it was not meant for this one. */
export async function forgetCancelRequest(directory: string): Promise<void> {
  await rm(join(directory, fileName), { force: true });
}

/** Watches for a request to cancel this run, and takes it; one that is there already is taken before this returns. */
export async function watchForCancel(
  directory: string,
  onRequest: (request: CancelRequest) => Promise<void>,
): Promise<CancelWatch> {
  const path = join(directory, fileName);
  let handling = Promise.resolve();
  const take = async (): Promise<void> => {
    const text = await readFileIfThere(path);
    if (text === undefined) return;
    await rm(path, { force: true });
    await onRequest(parse(text));
  };
  const look = (): void => {
    handling = handling.then(take);
    // `settled` tells of a failure; until then it must not end the process.
    handling.catch(() => undefined);
  };
  const watcher = watch(directory, (_change, name) => {
    if (name === fileName) look();
  });
  look();
  await handling.catch(() => undefined);
  return {
    settled: () => handling,
    [Symbol.dispose]: () => watcher.close(),
  };
}

/** Whatever is in the file: that it is there is the request. */
function parse(text: string): CancelRequest {
  const { by, note } = membersOf(text);
  return {
    by: typeof by === 'string' ? by : 'unknown',
    ...(typeof note === 'string' ? { note } : {}),
  };
}

function membersOf(text: string): { readonly by?: unknown; readonly note?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
