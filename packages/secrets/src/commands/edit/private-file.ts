import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { privateDirectory } from '../../files/private-directory.ts';

/** A file of this user's alone on a memory file system. */
export interface PrivateFile extends AsyncDisposable {
  readonly path: string;
}

/**
 * Writes content to a private file. Its whole directory, with what an editor left beside it, is gone when the file is
 * disposed of, and when the process exits or is ended by SIGINT, SIGTERM or SIGHUP before that. What SIGKILL leaves, the
 * next edit removes.
 *
 * @throws {SecretsError} `UNSUPPORTED`: there is no memory file system; a disk would keep what was written.
 */
export async function privateFile(name: string, content: Uint8Array): Promise<PrivateFile> {
  const directory = await privateDirectory();
  const remove = (): void => directory.removeNow();
  // Exiting removes it; who else listens for a signal, as the editor's run does, decides about it.
  const end = (signal: keyof typeof endings): void => {
    if (process.listenerCount(signal) === 1) process.exit(endings[signal]);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, end);
  process.on('exit', remove);
  const path = join(directory.path, name);
  try {
    await writeFile(path, content, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    remove();
    throw error;
  }
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      remove();
      process.off('exit', remove);
      for (const signal of signals) process.off(signal, end);
    },
  };
}

const endings = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143 } as const;
