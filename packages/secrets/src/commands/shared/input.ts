import { once } from 'node:events';
import { maxInputBytes } from '../../sops/formats/format.ts';

/** A file's bytes, or standard input's for `-`; at most what a sops file may have. */
export async function readInput(file: string): Promise<Uint8Array> {
  const { readFileBounded, tooLarge } = await import('../../files/read-file.ts');
  if (file !== '-') return readFileBounded(file);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maxInputBytes) throw tooLarge('standard input', maxInputBytes);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/**
 * Runs what reads a file and, where that is `inPlace`, replaces it, while no other command changes it.
 *
 * @throws {SecretsError} as `whileLocked`, and as `readInput` for what cannot be read.
 */
export async function inTurn<T>(
  inPlace: boolean | undefined,
  file: string,
  action: () => Promise<T>,
): Promise<T> {
  if (inPlace !== true) return await action();
  // Before the lock, for a clear message about what cannot be read.
  await readInput(file);
  const { whileLocked } = await import('../../files/lock-file.ts');
  return await whileLocked(file, action);
}

/**
 * Writes to a file or to standard output. A file that is there keeps its owner and mode.
 *
 * @param options - `newMode` of a file that is not there yet; `mode` whatever there is.
 */
export async function writeOutput(
  file: string | undefined,
  content: Uint8Array,
  options: { readonly newMode: number; readonly mode?: number },
): Promise<void> {
  if (file === undefined || file === '-') {
    if (!process.stdout.write(content)) await once(process.stdout, 'drain');
    return;
  }
  const { replaceOrCreateFile } = await import('../../files/replace-file.ts');
  const { unwritable } = await import('../../files/unwritable.ts');
  try {
    await replaceOrCreateFile(file, content, options);
  } catch (error) {
    throw unwritable(error, file);
  }
}
