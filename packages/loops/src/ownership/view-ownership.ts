import { join } from 'node:path';
import { localHost } from '@cutover/host';
import type { RigConfig } from '../config/rig-config.ts';
import { judgeOwnership, type OwnershipJudgement } from './judge-ownership.ts';
import { readSeenEpoch, rememberEpoch } from './memory.ts';
import { readOwnership } from './move-ownership.ts';
import { OwnershipUnknownError } from './ownership-errors.ts';
import type { OwnershipPlace } from './place.ts';

/** What is known of the ownership, seen from this host. */
export type OwnershipView =
  | { readonly state: 'unconfigured' }
  | OwnershipJudgement
  | { readonly state: 'ownership-unknown'; readonly detail: string };

/** Where a rig's ownership lies; `undefined` when it has none to check. */
export function ownershipPlace(config: RigConfig): (OwnershipPlace & { readonly owner: string }) | undefined {
  const { ownership } = config;
  if (ownership === undefined) return undefined;
  const { remote, ref, owner } = ownership;
  return { repository: join(config.stateDir, 'ownership.git'), remote, ref, owner, timeout: 15_000 };
}

/** Where a rig remembers the highest epoch that it saw. */
export function seenEpochFile({ stateDir }: { readonly stateDir: string }): string {
  return join(stateDir, 'epoch.json');
}

/**
 * Asks the remote whether this host owns the loops, and remembers the epoch. What cannot be told is
 * `ownership-unknown`: a remote that does not answer, a key that is refused, a memory that cannot be read.
 */
export async function viewOwnership(
  config: RigConfig,
  signal?: AbortSignal,
  expectNew = false,
): Promise<OwnershipView> {
  const place = ownershipPlace(config);
  if (place === undefined) return { state: 'unconfigured' };
  try {
    const found = await readOwnership(localHost(), {
      ...place,
      signal,
      expectNew,
    });
    const seen = await readSeenEpoch(seenEpochFile(config));
    if (found !== undefined) await rememberEpoch(seenEpochFile(config), seen, found);
    return judgeOwnership(found, place.owner, seen);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof OwnershipUnknownError) return { state: 'ownership-unknown', detail: error.message };
    const why = error instanceof Error ? error.message : String(error);
    return {
      state: 'ownership-unknown',
      detail: `${seenEpochFile(config)} cannot be read or written: ${why}`,
    };
  }
}
