import { grantOwnership, type LastOwner, mayGrant } from '@cutover/loops';
import { CutoverError } from '../errors.ts';
import type { World } from '../world/world.ts';
import { ownershipRef, readOwner } from './ownership.ts';

/** The grant may not be written yet; `missing` says what it lacks. Nothing was changed. */
export class GrantRefusedError extends CutoverError {
  override readonly name = 'GrantRefusedError';
  readonly code = 'GRANT_REFUSED';
  readonly missing: readonly string[];

  constructor(to: string, missing: readonly string[]) {
    super(`the loops may not be granted to ${to}: ${missing.join('; ')}`);
    this.missing = missing;
  }
}

/**
 * Grants the loops to a host, when what is known of the last owner allows it.
 *
 * @returns the epoch.
 * @throws {GrantRefusedError} it does not.
 */
export async function grantLoops(
  world: World,
  {
    run,
    to,
    last,
    signal,
  }: { readonly run: string; readonly to: string; readonly last: LastOwner; readonly signal: AbortSignal },
): Promise<number> {
  const found = await readOwner(world, signal);
  if (found?.state === 'held' && found.owner === to) return found.epoch;
  if (found?.state !== 'released') throw new GrantRefusedError(to, ['they are not released']);
  const facts = { to, released: found, last, sinceRead: 0, plan: '', run, now: Date.now() };
  const decision = mayGrant(facts);
  if (!decision.may) throw new GrantRefusedError(to, decision.missing);
  const { lease } = world.settings.ownership;
  const place = { ...ownershipRef(world), signal };
  const granted = await grantOwnership(world.gitHere, {
    ...place,
    expected: found,
    to,
    run,
    lease,
    seen: found.epoch,
  });
  return granted.epoch;
}
