import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import * as z from 'zod';
import type { World } from '../world/world.ts';
import { type HostKey, hostKeySchema } from './host-key.ts';

const schema = z.array(hostKeySchema);

function keysFile({ workDirectory }: World): string {
  return join(workDirectory, 'old-host-keys.json');
}

/** Remembers which keys of the old host the forge lets in: an old host that dies cannot be asked for them any more. */
export async function noteOldKeys(world: World, keys: readonly HostKey[]): Promise<void> {
  if (keys.length === 0) return;
  await mkdir(world.workDirectory, { recursive: true, mode: 0o700 });
  await writeFileDurably(keysFile(world), JSON.stringify(keys), { mode: 0o600 });
}

/** The keys that were seen on the old host when it last answered. */
export async function notedOldKeys(world: World): Promise<readonly HostKey[]> {
  const text = await unlessAbsent(readFile(keysFile(world), 'utf8'));
  return text === undefined ? [] : schema.parse(JSON.parse(text));
}
