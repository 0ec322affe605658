import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import * as z from 'zod';
import type { World } from '../world/world.ts';

const schema = z.array(z.string());

/** Where it is remembered. */
type Place = Pick<World, 'workDirectory'>;

function keysFile({ workDirectory }: Place): string {
  return join(workDirectory, 'revoked-new-keys.json');
}

/**
 * Remembers the fingerprints of the new host's keys that a way back revokes: a restored forge has them again. An attempt
 * that was cut off has noted some already, and the forge lists those no longer.
 */
export async function noteRevokedNewKeys(world: Place, fingerprints: readonly string[]): Promise<void> {
  const all = new Set([...(await revokedNewKeys(world)), ...fingerprints]);
  if (all.size === 0) return;
  await mkdir(world.workDirectory, { recursive: true, mode: 0o700 });
  await writeFileDurably(keysFile(world), JSON.stringify([...all]), { mode: 0o600 });
}

/** The next move lets the new host in by right. */
export async function forgetRevokedNewKeys(world: Place): Promise<void> {
  await rm(keysFile(world), { force: true });
}

export async function revokedNewKeys(world: Place): Promise<readonly string[]> {
  const text = await unlessAbsent(readFile(keysFile(world), 'utf8'));
  return text === undefined ? [] : schema.parse(JSON.parse(text));
}
