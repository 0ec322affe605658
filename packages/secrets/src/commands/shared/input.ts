import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';

/** A file's bytes, or standard input's for `-`. */
export async function readInput(file: string): Promise<Uint8Array> {
  return file === '-' ? buffer(process.stdin) : readFile(file);
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
  await replaceOrCreateFile(file, content, options);
}
