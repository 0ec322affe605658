import { describeOwnership, readOwnership, readSeenEpoch, reviveOwnership } from '@cutover/loops';
import { UsageError } from '@cutover/runbook';
import type { World } from '../world/world.ts';
import { seenOnNewHost } from './seen-on-new-host.ts';
import { ownershipRef, seenEpochFile } from './ownership.ts';

/**
 * Writes the ownership again, released and above every epoch that was seen, where its ref was deleted or restored. A person
 * has looked where the loops run, and types that host's name.
 */
export async function reviveByHand(world: World, words: string, signal: AbortSignal): Promise<string> {
  const { settings } = world;
  const [, from] = /^the loops ran last on (\S+)$/.exec(words) ?? [];
  const place = { ...ownershipRef(world), signal };
  const found = await readOwnership(world.gitHere, place);
  const seen = Math.max(
    await seenOnNewHost(world, signal),
    (await readSeenEpoch(seenEpochFile(world)))?.epoch ?? 0,
  );
  if (from === undefined || ![settings.name, settings.old.name].includes(from)) {
    throw new UsageError(
      `the ownership is ${describeOwnership(found)}, and epoch ${seen} was seen. Look on which host the loops run, then type ` +
        `'the loops ran last on ${settings.old.name}', or '… on ${settings.name}'`,
    );
  }
  if (found !== undefined && found.epoch >= seen)
    throw new UsageError(
      `the ownership is ${describeOwnership(found)}, and nothing higher was seen: nothing to repair`,
    );
  const run = 'unlock --ownership';
  const revived = await reviveOwnership(world.gitHere, { ...place, expected: found, from, run, seen });
  return `${describeOwnership(revived)}; \`cutover resume --repair\` or \`cutover rollback\` goes on from there`;
}
