import { randomUUID } from 'node:crypto';
import type { Host } from '@cutover/host';

import {
  fetchRemoteDocument,
  hasCommit,
  readRemoteDocument,
  swapRemoteDocument,
} from '../git/remote-document.ts';
import type { Attestation } from './attestation.ts';
import {
  defaultLease,
  formatDocument,
  type HeldDocument,
  type HeldOwnership,
  type Ownership,
  parseDocument,
  type ReleasedDocument,
  type ReleasedOwnership,
} from './document.ts';
import { OwnershipConflictError, OwnershipRegressedError } from './ownership-errors.ts';
import { asking, type OwnershipPlace, refOf } from './place.ts';

/**
 * Reads who owns the loops; `undefined` when the remote answers that the ref does not exist.
 *
 * @throws {OwnershipUnknownError} the remote could not be asked, or its answer cannot be read.
 */
export async function readOwnership(host: Host, place: OwnershipPlace): Promise<Ownership | undefined> {
  return asking(host, place, async (context) => {
    const read = place.expectNew === true ? fetchRemoteDocument : readRemoteDocument;
    const document = await read(context, refOf(place));
    return document === undefined ? undefined : { ...parseDocument(document.data), commit: document.commit };
  });
}

interface Move extends OwnershipPlace {
  /** The run, or the person, on whose behalf it is moved. */
  readonly run: string;
  /** The highest epoch that the caller knows of: a ref that is lower or gone was restored, and is not moved. */
  readonly seen?: number | undefined;
}

/** Who releases the loops, where that is written, and what is expected there. */
export interface ReleaseOptions extends Move {
  /** What was read, and is expected to be there still; `undefined` for nothing. */
  readonly expected: Ownership | undefined;
  /** Who held the loops where nothing was written yet. */
  readonly from?: string | undefined;
  /** Milliseconds that the last owner may still go on. Default: what its own grant said, or 10 minutes. */
  readonly lease?: number | undefined;
}

/**
 * First half of a move: from here on no host may start a loop. The last owner may go on until its lease ends. Done
 * twice with the same arguments, the second finds its own work and returns it.
 *
 * @throws {OwnershipConflictError} something else is there; nothing was changed.
 * @throws {OwnershipRegressedError} the ref is gone or older than what was seen; nothing was changed.
 * @throws {OwnershipUnknownError} the remote could not be asked: read it again before anything else.
 */
export async function releaseOwnership(host: Host, options: ReleaseOptions): Promise<ReleasedOwnership> {
  const { expected, run, lease = expected?.lease ?? defaultLease } = options;
  const from = expected?.state === 'released' ? expected.from : (expected?.owner ?? options.from);
  const document: ReleasedDocument = {
    state: 'released',
    ...(from === undefined ? {} : { from }),
    epoch: nextEpoch(options),
    run,
    lease,
  };
  return { ...document, commit: await move(host, options, document) };
}

/** Whom the loops are granted to, where that is written, and the release that is expected there. */
export interface GrantOptions extends Move {
  /** The release that was read; `undefined` where nothing was ever written. */
  readonly expected: ReleasedOwnership | undefined;
  readonly to: string;
  /**
   * Milliseconds that the owner may go on after a confirmation. Default 10 minutes. A host that gets the loops back keeps
   * the lease that it had where that is longer: it may not have read the ref since.
   */
  readonly lease?: number | undefined;
  /** The person's word that it rests on. */
  readonly attestation?: Attestation | undefined;
}

/**
 * Second half of a move: `to` may run the loops. Ask `mayGrant` first whether it may be written.
 *
 * @throws as {@link releaseOwnership}
 */
export async function grantOwnership(host: Host, options: GrantOptions): Promise<HeldOwnership> {
  const { to, run, expected, attestation } = options;
  const before = expected?.from === to ? expected.lease : 0;
  const lease = Math.max(options.lease ?? defaultLease, before);
  const document: HeldDocument = {
    state: 'held',
    owner: to,
    epoch: nextEpoch(options),
    run,
    lease,
    ...(attestation === undefined ? {} : { attestation }),
  };
  return { ...document, commit: await move(host, options, document) };
}

/**
 * Writes a released ref above every epoch that was ever seen, where the ref was deleted or restored from a backup. No
 * host runs because of it: a grant must follow.
 *
 * @param options.expected what is there now.
 * @param options.from who held the loops last, as far as a journal or a host knows.
 */
export async function reviveOwnership(
  host: Host,
  options: Omit<ReleaseOptions, 'seen'> & { readonly seen: number },
): Promise<ReleasedOwnership> {
  const { expected, run, seen, from, lease = expected?.lease ?? defaultLease } = options;
  const document: ReleasedDocument = {
    state: 'released',
    ...(from === undefined ? {} : { from }),
    epoch: Math.max(seen, expected?.epoch ?? 0) + 1,
    run,
    lease,
  };
  return { ...document, commit: await move(host, { ...options, seen: undefined }, document) };
}

function nextEpoch({ expected }: { readonly expected: Ownership | undefined }): number {
  return (expected?.epoch ?? 0) + 1;
}

async function move(
  host: Host,
  options: Move & { readonly expected: Ownership | undefined },
  document: HeldDocument | ReleasedDocument,
): Promise<string> {
  const { expected, seen = 0 } = options;
  if ((expected?.epoch ?? 0) < seen)
    throw new OwnershipRegressedError(options.remote, seen, await readOwnership(host, options));
  // The new document follows it in the history, so it must be here; another repository may have read it.
  const isHere = await asking(host, options, async (context) => hasCommit(context, expected?.commit));
  if (!isHere) await readOwnership(host, { ...options, expectNew: true });
  // A nonce: two who write the same at once must not both find their own commit there.
  const data = { ...formatDocument(document), nonce: randomUUID() };
  const result = await asking(host, options, (context) =>
    swapRemoteDocument(context, refOf(options), data, expected?.commit),
  );
  if (result.swapped) return result.commit;
  const found = await readOwnership(host, options);
  if (found !== undefined && isSame(found, document)) return found.commit;
  if ((found?.epoch ?? 0) < seen) throw new OwnershipRegressedError(options.remote, seen, found);
  throw new OwnershipConflictError(expected, found);
}

function isSame(one: HeldDocument | ReleasedDocument, other: HeldDocument | ReleasedDocument): boolean {
  return (
    one.state === other.state &&
    one.owner === other.owner &&
    one.epoch === other.epoch &&
    one.run === other.run
  );
}
