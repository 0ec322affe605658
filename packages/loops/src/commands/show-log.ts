import { watch } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { processIo, write } from '@cutover/command-line';

export interface ShowLogOptions {
  /** So many bytes from the end. */
  readonly bytes: number;
  readonly follow: boolean;
  /** Keep the terminal's control sequences. */
  readonly raw: boolean;
  readonly signal: AbortSignal;
}

/** Prints the newest output in a loop's log, and with `follow` goes on until the signal is aborted. */
export async function showLog(path: string, options: ShowLogOptions): Promise<void> {
  const { bytes, follow, raw, signal } = options;
  let offset = await printFrom(path, (size) => Math.max(0, size - bytes), raw);
  if (!follow) return;
  await mkdir(dirname(path), { recursive: true });
  // The directory, not the file: a rotation puts another file in its place.
  const watcher = watch(dirname(path), { signal });
  try {
    for (;;) {
      offset = await printNew(path, offset, raw);
      let changed: unknown;
      do [, changed] = (await once(watcher, 'change', { signal })) as [string, string];
      while (changed !== basename(path));
    }
  } finally {
    watcher.close();
  }
}

/** What came since `offset`; after a rotation the rest of the file before, which is in `.1`, and then all of the new. */
async function printNew(path: string, offset: number, raw: boolean): Promise<number> {
  const size = await sizeOf(path);
  if (size >= offset) return printFrom(path, () => offset, raw);
  await printFrom(`${path}.1`, () => offset, raw);
  return printFrom(path, () => 0, raw);
}

async function sizeOf(path: string): Promise<number> {
  await using file = await openIfThere(path);
  return file === undefined ? 0 : (await file.stat()).size;
}

async function printFrom(path: string, start: (size: number) => number, raw: boolean): Promise<number> {
  await using file = await openIfThere(path);
  if (file === undefined) return 0;
  const { size } = await file.stat();
  const from = start(size);
  if (size <= from) return size;
  const buffer = Buffer.alloc(size - from);
  await file.read(buffer, 0, buffer.length, from);
  await write(processIo.stdout, raw ? buffer.toString() : stripVTControlCharacters(buffer.toString()));
  return size;
}

/** An agent that never wrote anything has no log. */
async function openIfThere(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
