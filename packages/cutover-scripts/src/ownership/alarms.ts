import { HostConnectionError } from '@cutover/host';
import { OwnershipRegressedError } from '@cutover/loops';
import { provesStopped } from '@cutover/loops/safe-point';
import { keysStillIn } from '../old-rig/host-keys.ts';
import { keysOnOldHost, keysRememberedHere } from '../old-rig/revoked-keys.ts';
import { answersOf, askForgeFromOld } from '../old-rig/reaches-forge.ts';
import { inspectStarts, openStarts } from '../old-rig/start-fence.ts';
import { oldProcessesForRoot } from '../rig/rig.ts';
import { revokedNewKeys } from '../new-host/revoked-keys.ts';
import type { World } from '../world/world.ts';
import { readOwner } from './ownership.ts';

/** Milliseconds for a look at an old host that was attested to be off. */
const lookAtOld = 5000;

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
    const [keys, back] = await Promise.all([
      restoredOldKeys(world, signal),
      found.attestation === undefined ? [] : oldHostIsBack(world, signal),
    ]);
    return [...keys, ...back];
  } catch (error) {
    if (error instanceof OwnershipRegressedError) return [error.message];
    throw error;
  }
}

/** What a look at the old host finds within moments; nothing where it does not answer. */
async function ofOldHost<T>(
  look: (signal: AbortSignal) => Promise<readonly T[]>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const patience = AbortSignal.timeout(lookAtOld);
  try {
    return await look(AbortSignal.any([signal, patience]));
  } catch (error) {
    if (patience.aborted && !signal.aborted) return [];
    if (error instanceof HostConnectionError) return [];
    throw error;
  }
}

/** An old host that was attested to be off, and that is back with a way to start its rig. No answer: it is off. */
async function oldHostIsBack({ settings, old }: World, signal: AbortSignal): Promise<readonly string[]> {
  return ofOldHost(async (soon) => {
    const [starts, rig] = await Promise.all([
      inspectStarts(old, settings.old, soon),
      provesStopped(old, { processes: oldProcessesForRoot(settings), signal: soon }),
    ]);
    if (openStarts(starts).length === 0 && rig.stopped) return [];
    const what = rig.stopped ? 'can start its rig' : 'runs its rig';
    return [
      `${old.name}, which was attested to be off, answers again and ${what}: \`cutover run\` stops it and takes its starts away`,
    ];
  }, signal);
}

async function restoredOldKeys(world: World, signal: AbortSignal): Promise<readonly string[]> {
  if (world.forge.byHand === true) return lettingOldIn(world, signal);
  const here = await keysRememberedHere(world);
  // Another state directory made the move: the old host has its memory too.
  const keys = here.length > 0 ? here : await ofOldHost((soon) => keysOnOldHost(world, soon), signal);
  const left = await keysStillIn(world, keys, signal);
  return left.map(
    (fingerprint) =>
      `the forge lets ${world.settings.old.name} in again by ${fingerprint}, which was revoked: \`cutover run\` revokes it again`,
  );
}

/** A forge without an API is asked from the old host, as far as that answers. */
async function lettingOldIn(world: World, signal: AbortSignal): Promise<readonly string[]> {
  return ofOldHost(async (soon) => {
    const answers = await askForgeFromOld(world, null, soon);
    return answersOf(answers, 'let in').map(
      (clone) =>
        `the forge lets ${world.settings.old.name} push from ${clone} again: take its key away at the forge`,
    );
  }, signal);
}

/** After a way back; before a move the new host has its key by right, and no key of the old one was ever revoked. */
async function restoredNewKeys(world: World, signal: AbortSignal): Promise<string[]> {
  // The new host is switched off by then, and a forge without an API knows of keys only by those who hold them.
  if (world.forge.byHand === true) return [];
  const { name } = world.settings;
  const given = new Set(await revokedNewKeys(world));
  return (await world.forge.fence.list(signal))
    .filter(({ fingerprint }) => given.has(fingerprint))
    .map(
      ({ fingerprint }) =>
        `the forge lets ${name} in again by ${fingerprint}, which the way back revoked: revoke it at the forge`,
    );
}
