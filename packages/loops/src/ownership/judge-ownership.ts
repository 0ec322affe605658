import { describeOwnership, type HeldOwnership, type Ownership, type ReleasedOwnership } from './document.ts';
import { isRegressed, type SeenEpoch } from './memory.ts';

/** What an answer of the remote means for one host. */
export type OwnershipJudgement =
  | { readonly state: 'owner'; readonly ownership: HeldOwnership }
  /** Another host's, or no host's: what runs here is stopped. */
  | { readonly state: 'not-owner'; readonly ownership: Ownership | undefined; readonly detail: string }
  /** This host's last turn: nothing starts, and what runs goes on to a safe point within the lease. */
  | { readonly state: 'ownership-released'; readonly ownership: ReleasedOwnership; readonly detail: string }
  /** A higher epoch was seen here before. */
  | { readonly state: 'ownership-regressed'; readonly detail: string };

/**
 * Judges what the remote answered.
 *
 * @param found `undefined`: it answered that there is no such ref.
 * @param owner the name under which this host holds the ownership.
 * @param seen the highest epoch that was seen here.
 */
export function judgeOwnership(
  found: Ownership | undefined,
  owner: string,
  seen: SeenEpoch | undefined,
): OwnershipJudgement {
  if (isRegressed(found, seen)) {
    const detail =
      `the ownership is ${describeOwnership(found)}, but epoch ${seen?.epoch ?? 0} was seen here: ` +
      'the ref was deleted or restored; cutover unlock --ownership repairs that';
    return { state: 'ownership-regressed', detail };
  }
  if (found?.state === 'held' && found.owner === owner) return { state: 'owner', ownership: found };
  if (found?.state === 'released' && found.from === owner) {
    const detail = `the loops were released at epoch ${found.epoch}: a move to another host is under way`;
    return { state: 'ownership-released', ownership: found, detail };
  }
  const detail = `the loops are ${describeOwnership(found)}, not by ${owner}`;
  return { state: 'not-owner', ownership: found, detail };
}
