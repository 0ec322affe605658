import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import * as z from 'zod';
import type { World } from '../world/world.ts';

const schema = z.array(z.string());

function keysFile({ workDirectory }: World): string {
  return join(workDirectory, 'revoked-new-keys.json');
}

/** Remembers the fingerprints of the new host's keys that a way back revokes: a restored forge has them again. */
export async function noteRevokedNewKeys(world: World, fingerprints: readonly string[]): Promise<void> {
  await mkdir(world.workDirectory, { recursive: true, mode: 0o700 });
  await writeFileDurably(keysFile(world), JSON.stringify(fingerprints), { mode: 0o600 });
}

/** The next move lets the new host in by right. */
export async function forgetRevokedNewKeys(world: World): Promise<void> {
  await rm(keysFile(world), { force: true });
}

export async function revokedNewKeys(world: World): Promise<readonly string[]> {
  const text = await unlessAbsent(readFile(keysFile(world), 'utf8'));
  return text === undefined ? [] : schema.parse(JSON.parse(text));
}
