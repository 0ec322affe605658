import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { processIo, UsageError, write } from '@cutover/command-line';
import type { RigConfig } from '../config/rig-config.ts';
import { logPath } from '../supervisor/logger.ts';

export interface ShowLogOptions {
  /** So many bytes from the end. */
  readonly bytes: number;
  readonly follow: boolean;
  /** Keep the terminal's control sequences. */
  readonly raw: boolean;
  readonly signal: AbortSignal;
}

/** Prints the newest output of a loop, and with `follow` goes on until the signal is aborted. */
export async function showLog(config: RigConfig, name: string, options: ShowLogOptions): Promise<void> {
  if (!config.loops.some((loop) => loop.name === name))
    throw new UsageError(`${config.rig} has no loop ${name}`);
  const path = logPath(config, name);
  let offset = await printFrom(path, (size) => Math.max(0, size - options.bytes), options.raw);
  if (!options.follow) return;
  const watcher = watch(path, { signal: options.signal });
  try {
    for (;;) {
      await once(watcher, 'change', { signal: options.signal });
      // After a rotation the file is a shorter one.
      offset = await printFrom(path, (size) => (size < offset ? 0 : offset), options.raw);
    }
  } finally {
    watcher.close();
  }
}

async function printFrom(path: string, start: (size: number) => number, raw: boolean): Promise<number> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const from = start(size);
  if (size === from) return size;
  const buffer = Buffer.alloc(size - from);
  await file.read(buffer, 0, buffer.length, from);
  await write(processIo.stdout, raw ? buffer.toString() : stripVTControlCharacters(buffer.toString()));
  return size;
}
