import type { Host } from '@cutover/host';
import type { HeldOwnership } from './document.ts';
import { grantOwnership, readOwnership, releaseOwnership } from './move-ownership.ts';
import type { OwnershipPlace } from './place.ts';

/** Moves the ownership in one go: a release and a grant. The caller has proven that the last owner is stopped. */
export async function claimOwnership(
  host: Host,
  options: OwnershipPlace & {
    readonly from: { readonly owner?: string | undefined; readonly epoch: number } | undefined;
    readonly to: string;
  },
): Promise<HeldOwnership> {
  const run = 'claim';
  const before = await readOwnership(host, options);
  if (before?.state === 'held' && before.owner === options.to) return before;
  const expected =
    before === undefined || before.state === 'released'
      ? before
      : await releaseOwnership(host, { ...options, from: options.from?.owner, expected: before, run });
  return grantOwnership(host, { ...options, expected, to: options.to, run });
}
