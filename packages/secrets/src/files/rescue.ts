import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { SecretsError } from '../errors.ts';

/**
 * Keeps the encrypted result of work that could not be saved, so that it is not lost, and gives the error with its place.
 * It is encrypted, so it may lie on a disk.
 */
export async function rescued(error: unknown, file: string, encrypted: Uint8Array): Promise<SecretsError> {
  const path = await keep(basename(file), encrypted);
  const kept =
    path === undefined
      ? 'the edited file could be kept nowhere else either, so the edit is lost'
      : `the edited file is kept, encrypted, as ${path}`;
  if (error instanceof SecretsError)
    return new SecretsError(error.code, `${error.what}; ${kept}`, { file }, { cause: error });
  const why = error instanceof Error ? error.message : String(error);
  return new SecretsError(
    'FILE_UNWRITABLE',
    `it cannot be written (${why}); ${kept}`,
    { file },
    { cause: error },
  );
}

/** Writes it where there is room; the place may be on the disk that is full. */
async function keep(name: string, encrypted: Uint8Array): Promise<string | undefined> {
  for (const place of [tmpdir(), '/var/tmp', homedir(), '/dev/shm']) {
    const directory = await mkdtemp(join(place, 'secrets-unsaved-')).catch(() => undefined);
    if (directory === undefined) continue;
    const path = join(directory, name);
    const written = await writeFile(path, encrypted, { mode: 0o600, flush: true }).then(
      () => true,
      () => false,
    );
    if (written) return path;
    await rm(directory, { recursive: true, force: true });
  }
  return undefined;
}
