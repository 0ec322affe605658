import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';

/** A file's bytes, or standard input's for `-`. */
export async function readInput(file: string): Promise<Uint8Array> {
  return file === '-' ? buffer(process.stdin) : readFile(file);
}

/** Writes to a file, which only this user reads without another mode, or to standard output. */
export async function writeOutput(
  file: string | undefined,
  content: Uint8Array,
  mode: number = 0o600,
): Promise<void> {
  if (file === undefined || file === '-') {
    if (!process.stdout.write(content)) await once(process.stdout, 'drain');
    return;
  }
  const { writeFileAtomic } = await import('../files/atomic-write.ts');
  await writeFileAtomic(file, content, { mode });
}
