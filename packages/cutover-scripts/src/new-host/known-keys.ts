import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import * as z from 'zod';
import type { World } from '../world/world.ts';

const schema = z.array(z.string());

/** Where it is remembered. */
type Place = Pick<World, 'workDirectory'>;

function keysFile({ workDirectory }: Place): string {
  return join(workDirectory, 'new-host-keys.json');
}

/** Remembers by which key the new host reaches the forge: one that is given up cannot be asked for it any more. */
export async function noteNewKey(world: Place, fingerprint: string): Promise<void> {
  const known = await notedNewKeys(world);
  if (known.includes(fingerprint)) return;
  await mkdir(world.workDirectory, { recursive: true, mode: 0o700 });
  await writeFileDurably(keysFile(world), JSON.stringify([...known, fingerprint]), { mode: 0o600 });
}

/** The fingerprints of the keys that the new host had, as far as this state directory knows. */
export async function notedNewKeys(world: Place): Promise<readonly string[]> {
  const text = await unlessAbsent(readFile(keysFile(world), 'utf8'));
  return text === undefined ? [] : schema.parse(JSON.parse(text));
}
