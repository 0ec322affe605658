import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import * as z from 'zod';
import type { Ownership } from './document.ts';

const schema = z.object({ epoch: z.int().min(0), commit: z.string() });

/** The highest epoch that was ever seen here, with the commit that it stood in. */
export interface SeenEpoch {
  readonly epoch: number;
  readonly commit: string;
}

/**
 * Reads what was remembered at `path`; `undefined`: no epoch was ever seen.
 *
 * @throws {Error} it cannot be read. That is not the same as nothing remembered.
 */
export async function readSeenEpoch(path: string): Promise<SeenEpoch | undefined> {
  const text = await unlessAbsent(readFile(path, 'utf8'));
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

/** Remembers an ownership that was read, when its epoch is higher than all before; durable when it returns. */
export async function rememberEpoch(
  path: string,
  before: SeenEpoch | undefined,
  { epoch, commit }: Ownership,
): Promise<SeenEpoch> {
  if (before !== undefined && before.epoch >= epoch) return before;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, `${JSON.stringify({ epoch, commit })}\n`, { mode: 0o600 });
  return { epoch, commit };
}

/** Whether what the remote answers is older than, or another than, what was seen before. */
export function isRegressed(found: Ownership | undefined, seen: SeenEpoch | undefined): boolean {
  if (seen === undefined) return false;
  if (found === undefined || found.epoch < seen.epoch) return true;
  return found.epoch === seen.epoch && found.commit !== seen.commit;
}
