import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { SecretsError } from '../errors.ts';

/**
 * A directory on a memory file system, for plain text: a disk would keep it.
 *
 * @throws {SecretsError} `UNSUPPORTED`: there is none.
 */
export async function memoryDirectory(): Promise<string> {
  for (const path of [process.env['XDG_RUNTIME_DIR'], '/dev/shm', '/run', tmpdir()]) {
    if (path === undefined) continue;
    const found = await statfs(path).catch(() => undefined);
    if (found !== undefined && [0x01021994, 0x858458f6].includes(found.type)) return path;
  }
  throw new SecretsError(
    'UNSUPPORTED',
    'no memory file system was found for the plain text (XDG_RUNTIME_DIR, /dev/shm)',
  );
}
