import {
  describeOwnership,
  isRegressed,
  type Ownership,
  readOwnership,
  readSeenEpoch,
  reviveOwnership,
  type SeenEpoch,
} from '@cutover/loops';
import { UsageError } from '@cutover/runbook';
import { orGivenUp } from '../new-host/new-host-off.ts';
import type { World } from '../world/world.ts';
import { ownershipRef, readOwner, seenEpochFile } from './ownership.ts';
import { seenByNewHost } from './seen-by-new-host.ts';

/**
 * Writes the ownership again, released and one above every epoch that was seen, where its ref was deleted or restored. A
 * person has looked where the loops run, and types that host's name.
 *
 * @throws {UsageError} the words are others, or there is nothing to repair.
 */
export async function reviveByHand(world: World, words: string, signal: AbortSignal): Promise<string> {
  const { settings } = world;
  const [, from] = /^the loops ran last on (\S+)$/.exec(words) ?? [];
  const place = { ...ownershipRef(world), signal };
  const found = await readOwnership(world.gitHere, place);
  const seen = await allSeen(world, signal);
  const highest = Math.max(0, ...seen.map(({ epoch }) => epoch));
  const says = `the ownership is ${describeOwnership(found)}, and epoch ${highest} was seen`;
  if (!seen.some((one) => isRegressed(found, one)))
    throw new UsageError(`${says}: there is nothing to repair`);
  if (from === undefined || ![settings.name, settings.old.name].includes(from)) {
    throw new UsageError(
      `${says}. Look on which host the loops run, then type ` +
        `'the loops ran last on ${settings.old.name}', or '… on ${settings.name}'`,
    );
  }
  const run = 'unlock --ownership';
  const revived = await reviveOwnership(world.gitHere, {
    ...place,
    expected: found,
    from,
    run,
    seen: highest,
    // The last grant is lost, or another one is there. What it said was the config's, and no host may have been given less.
    lease: Math.max(settings.ownership.lease, found?.lease ?? 0),
  });
  await readOwner(world, signal);
  return `${describeOwnership(revived)}; ${next(world, revived)}`;
}

/** What goes on from there. A supervisor goes on until its lease ends; an old rig has none. */
function next({ settings }: World, { from }: Ownership & { readonly from?: string | undefined }): string {
  return from === settings.name
    ? `\`cutover run --repair\` grants them to ${settings.name} again before its lease ends, \`cutover rollback\` moves them back`
    : `\`cutover resume\` (or \`cutover run\`) goes on with the move, \`cutover rollback\` gives them back to ${settings.old.name}`;
}

/** What was seen here and by the new host's supervisor; a new host that was given up sees nothing any more. */
async function allSeen(world: World, signal: AbortSignal): Promise<readonly SeenEpoch[]> {
  const [here, there] = await Promise.all([
    readSeenEpoch(seenEpochFile(world)),
    orGivenUp(world, () => seenByNewHost(world, signal), signal),
  ]);
  return [here, 'answer' in there ? there.answer : undefined].filter((one) => one !== undefined);
}
