import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { FileNotFoundError, HostConnectionError } from '@cutover/host';
import * as z from 'zod';
import { oldPath } from '../rig/rig.ts';
import type { World } from '../world/world.ts';
import { hasWorkspace } from './old-places.ts';
import { type HostKey, hostKeySchema, withoutTwins } from './host-key.ts';

const schema = z.array(hostKeySchema);

function fileHere({ workDirectory }: World): string {
  return join(workDirectory, 'revoked-keys.json');
}

function fileThere({ settings }: World): string {
  return oldPath(settings, '.cutover-revoked-keys.json');
}

/**
 * Remembers the keys of the old host that are about to be revoked, so that a way back can let them in again: here, and on
 * the old host itself, for one from another state directory.
 *
 * @param options.onOldHost `false`: it is off for certain.
 */
export async function rememberKeys(
  world: World,
  keys: readonly HostKey[],
  { onOldHost, signal }: { readonly onOldHost: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const text = JSON.stringify(keys);
  await mkdir(world.workDirectory, { recursive: true, mode: 0o700 });
  await writeFileDurably(fileHere(world), text, { mode: 0o600 });
  if (!onOldHost) return;
  const { user } = world.settings.old;
  try {
    if (!(await hasWorkspace(world, signal))) return;
    await world.old.writeFile(fileThere(world), text, { mode: 0o644, owner: user, signal });
  } catch (error) {
    // To take the keys of a host that has gone away matters more than its memory of them.
    if (!(error instanceof HostConnectionError)) throw error;
  }
}

/** The keys that a cutover revoked, and that no way back has let in again. */
export async function rememberedKeys(world: World, signal: AbortSignal): Promise<readonly HostKey[]> {
  const [here, there] = await Promise.all([keysRememberedHere(world), keysOnOldHost(world, signal)]);
  return withoutTwins([...here, ...there]);
}

/** Those of them that this state directory remembers: the old host, which may be gone, is not asked. */
export async function keysRememberedHere(world: World): Promise<readonly HostKey[]> {
  const text = await unlessAbsent(readFile(fileHere(world), 'utf8'));
  return text === undefined ? [] : schema.parse(JSON.parse(text));
}

/** Those of them that the old host remembers itself. */
export async function keysOnOldHost(world: World, signal: AbortSignal): Promise<readonly HostKey[]> {
  try {
    const bytes = await world.old.readFile(fileThere(world), { signal });
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    if (error instanceof FileNotFoundError) return [];
    throw error;
  }
}

/** Called once they are let in again. */
export async function forgetKeys(world: World, signal: AbortSignal): Promise<void> {
  await world.old.run(['rm', '-f', '--', fileThere(world)], { signal });
  await rm(fileHere(world), { force: true });
}
