import { join } from 'node:path';
import { localHost } from '@cutover/host';
import type { RigConfig } from '../config/rig-config.ts';
import { OwnershipUnknownError } from '../errors.ts';
import { type Ownership, type OwnershipPlace, readOwnership } from './ownership.ts';

/** What is known of the ownership, seen from this host. */
export type OwnershipView =
  | { readonly state: 'unconfigured' }
  | { readonly state: 'owner'; readonly ownership: Ownership }
  | { readonly state: 'not-owner'; readonly ownership: Ownership | undefined; readonly detail: string }
  | { readonly state: 'ownership-unknown'; readonly detail: string };

/** Where a rig's ownership lies; `undefined` when it has none to check. */
export function ownershipPlace(config: RigConfig): (OwnershipPlace & { readonly owner: string }) | undefined {
  const { ownership } = config;
  if (ownership === undefined) return undefined;
  const { remote, ref, owner } = ownership;
  return { repository: join(config.stateDir, 'ownership.git'), remote, ref, owner, timeout: 15_000 };
}

/** Asks the remote whether this host owns the loops. Whatever cannot be told is `ownership-unknown`. */
export async function viewOwnership(config: RigConfig, signal?: AbortSignal): Promise<OwnershipView> {
  const place = ownershipPlace(config);
  if (place === undefined) return { state: 'unconfigured' };
  try {
    const ownership = await readOwnership(localHost(), {
      ...place,
      signal,
    });
    if (ownership?.owner === place.owner) return { state: 'owner', ownership };
    const holder = ownership === undefined ? 'nobody' : `${ownership.owner} at epoch ${ownership.epoch}`;
    return {
      state: 'not-owner',
      ownership,
      detail: `the loops are owned by ${holder}, not by ${place.owner}`,
    };
  } catch (error) {
    if (error instanceof OwnershipUnknownError) return { state: 'ownership-unknown', detail: error.message };
    throw error;
  }
}
