import { join } from 'node:path';
import {
  describeOwnership,
  grantOwnership,
  isRegressed,
  type Ownership,
  OwnershipRegressedError,
  readOwnership,
  readSeenEpoch,
  releaseOwnership,
  rememberEpoch,
} from '@cutover/loops';
import { CutoverError } from '../errors.ts';
import type { World } from '../world/world.ts';

/** Where it is written who owns the loops, as `readOwnership` and its like take it. */
export function ownershipRef({ settings, forge, workDirectory }: World): {
  repository: string;
  remote: string;
  ref: string;
} {
  const { repository, ref } = settings.ownership;
  return { repository: join(workDirectory, 'ownership.git'), remote: forge.url(repository), ref };
}

/** Where this cutover remembers the highest epoch that it saw. */
export function seenEpochFile({ workDirectory }: World): string {
  return join(workDirectory, 'epoch.json');
}

/**
 * Asks who owns the loops, and remembers the epoch.
 *
 * @throws {OwnershipRegressedError} the ref was deleted, or is older than what was seen before.
 * @throws {OwnershipUnknownError} the forge does not answer.
 */
export async function readOwner(world: World, signal: AbortSignal): Promise<Ownership | undefined> {
  const found = await readOwnership(world.gitHere, { ...ownershipRef(world), signal });
  const seen = await readSeenEpoch(seenEpochFile(world));
  if (isRegressed(found, seen))
    throw new OwnershipRegressedError(ownershipRef(world).remote, seen?.epoch ?? 0, found);
  if (found !== undefined) await rememberEpoch(seenEpochFile(world), seen, found);
  return found;
}

/** Releases the loops for `run`, from whatever is there. @returns the epoch. */
export async function releaseLoops(
  world: World,
  { run, from, signal }: { readonly run: string; readonly from: string; readonly signal: AbortSignal },
): Promise<number> {
  const expected = await readOwner(world, signal);
  const { epoch } = await releaseOwnership(world.gitHere, {
    ...ownershipRef(world),
    expected,
    run,
    from,
    seen: expected?.epoch,
    signal,
  });
  return epoch;
}

/**
 * Gives the loops back to the host that released them, before another had them. Nothing is done where it holds them.
 *
 * @returns the epoch that it holds them under.
 * @throws {NotOwnerError} they are not its to take back.
 */
export async function returnLoops(
  world: World,
  { run, to, signal }: { readonly run: string; readonly to: string; readonly signal: AbortSignal },
): Promise<number> {
  const found = await readOwner(world, signal);
  if (found?.state === 'held' && found.owner === to) return found.epoch;
  if (found?.state !== 'released' || found.from !== to) throw new NotOwnerError(to, found);
  const { lease } = world.settings.ownership;
  const granted = await grantOwnership(world.gitHere, {
    ...ownershipRef(world),
    expected: found,
    to,
    run,
    lease,
    seen: found.epoch,
    signal,
  });
  return granted.epoch;
}

/** A host would be let run the loops that may not. Nothing was changed. */
export class NotOwnerError extends CutoverError {
  override readonly name = 'NotOwnerError';
  readonly code = 'NOT_OWNER';
  readonly host: string;
  readonly found: Ownership | undefined;

  constructor(host: string, found: Ownership | undefined) {
    super(
      `${host} may not run the loops: they are ${describeOwnership(found)}; look with \`cutover status\``,
    );
    this.host = host;
    this.found = found;
  }
}

/**
 * Looks, right before the old host is let run its rig, that it may: no supervisor of ours holds it back there.
 *
 * @param also `released`: it may also be the one that released them, in a move that is being undone.
 * @throws {NotOwnerError} another host holds the loops, or none.
 */
export async function requireOldMay(
  world: World,
  also: 'released' | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { name } = world.settings.old;
  const found = await readOwner(world, signal);
  if (found?.state === 'held' && found.owner === name) return;
  if (also === 'released' && found?.state === 'released' && found.from === name) return;
  throw new NotOwnerError(name, found);
}
