import { watch } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { processIo, write } from '@cutover/foundation/io';
import { createPlainText } from './plain-text.ts';

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
  const shown = raw ? (piece: Buffer): Buffer => piece : createPlainText();
  if (follow) await mkdir(dirname(path), { recursive: true });
  // The directory, not the file: a rotation puts another file in its place. Before the first look, so that none is missed.
  using watcher = follow ? watchFor(path, signal) : undefined;
  let file = await openIfThere(path);
  try {
    const size = (await file?.stat())?.size ?? 0;
    if (size < bytes) await printOlder(`${path}.1`, bytes - size, shown);
    let offset = file === undefined ? 0 : await print(file, Math.max(0, size - bytes), shown);
    if (watcher === undefined) return;
    for (;;) {
      await watcher.change();
      const next = await openIfThere(path);
      // What was written before the rotation is still to be had from the file that was moved away.
      if (file !== undefined) offset = await print(file, offset, shown);
      if (await areSame(file, next)) {
        await next?.close();
        continue;
      }
      await file?.close();
      file = next;
      offset = file === undefined ? 0 : await print(file, 0, shown);
    }
  } finally {
    await file?.close();
  }
}

/** Tells of changes of a file and of what takes its place; one that comes while no reader waits is kept. */
function watchFor(path: string, signal: AbortSignal): Disposable & { change(): Promise<void> } {
  const changed = new EventTarget();
  let pending = false;
  const watcher = watch(dirname(path), (_, name) => {
    if (name !== basename(path)) return;
    pending = true;
    changed.dispatchEvent(new Event('change'));
  });
  return {
    change: async () => {
      if (!pending) await once(changed, 'change', { signal });
      pending = false;
    },
    [Symbol.dispose]: () => watcher.close(),
  };
}

async function areSame(one: FileHandle | undefined, other: FileHandle | undefined): Promise<boolean> {
  if (one === undefined || other === undefined) return one === other;
  const [first, second] = await Promise.all([one.stat(), other.stat()]);
  return first.ino === second.ino && first.dev === second.dev;
}

type Shown = (piece: Buffer) => Buffer | string;

/** Prints a file from an offset on, or all of one that was made shorter; @returns where it ended. */
async function print(file: FileHandle, from: number, shown: Shown): Promise<number> {
  const { size } = await file.stat();
  const offset = size < from ? 0 : from;
  if (size === offset) return offset;
  const buffer = Buffer.alloc(size - offset);
  await file.read(buffer, 0, buffer.length, offset);
  await write(processIo.stdout, shown(buffer));
  return size;
}

/** The end of what was written before the last rotation. */
async function printOlder(path: string, bytes: number, shown: Shown): Promise<void> {
  const older = await openIfThere(path);
  if (older === undefined) return;
  try {
    await print(older, Math.max(0, (await older.stat()).size - bytes), shown);
  } finally {
    await older.close();
  }
}

/** An agent that never wrote anything has no log. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return unlessAbsent(open(path, 'r'));
}
