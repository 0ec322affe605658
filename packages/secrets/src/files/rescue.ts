import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { SecretsError } from '../errors.ts';

/**
 * Keeps the encrypted result of work that could not be saved, so that it is not lost, and gives the error with its place.
 * It is encrypted, so it may lie on a disk.
 */
export async function rescued(error: unknown, file: string, encrypted: Uint8Array): Promise<SecretsError> {
  const path = join(await mkdtemp(join(tmpdir(), 'secrets-unsaved-')), basename(file));
  await writeFile(path, encrypted, { mode: 0o600 });
  const kept = `the edited file is kept, encrypted, as ${path}`;
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
