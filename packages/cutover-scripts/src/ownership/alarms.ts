import { OwnershipRegressedError } from '@cutover/loops';
import { keysStillIn } from '../old-rig/host-keys.ts';
import { keysRememberedHere } from '../old-rig/revoked-keys.ts';
import { revokedNewKeys } from '../new-host/revoked-keys.ts';
import type { World } from '../world/world.ts';
import { readOwner } from './ownership.ts';

/**
 * What is no longer as a move left it, each with what to do: the ref restored from a backup, a revoked key that is let in
 * again, an old host that comes back although it was attested to be off.
 *
 * @throws {OwnershipUnknownError} the forge does not answer.
 */
export async function findAlarms(world: World, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const found = await readOwner(world, signal);
    const { name, old } = world.settings;
    if (found?.owner === old.name) return await restoredNewKeys(world, signal);
    if (found?.owner !== name) return [];
    const attested = found.attestation !== undefined && (await world.oldAnswers.now(signal));
    return [
      ...(await restoredOldKeys(world, signal)),
      ...(attested
        ? [`${old.name}, which was attested to be off, answers again: \`cutover run\` takes its starts away`]
        : []),
    ];
  } catch (error) {
    if (error instanceof OwnershipRegressedError) return [error.message];
    throw error;
  }
}

async function restoredOldKeys(world: World, signal: AbortSignal): Promise<string[]> {
  const left = await keysStillIn(world, await keysRememberedHere(world), signal);
  return left.map(
    (fingerprint) =>
      `the forge lets ${world.settings.old.name} in again by ${fingerprint}, which was revoked: \`cutover run\` revokes it again`,
  );
}

/** After a way back; before a move the new host has its key by right, and no key of the old one was ever revoked. */
async function restoredNewKeys(world: World, signal: AbortSignal): Promise<string[]> {
  const { name } = world.settings;
  const given = new Set(await revokedNewKeys(world));
  return (await world.forge.fence.list(signal))
    .filter(({ fingerprint }) => given.has(fingerprint))
    .map(
      ({ fingerprint }) =>
        `the forge lets ${name} in again by ${fingerprint}, which the way back revoked: revoke it at the forge`,
    );
}
