import { randomUUID } from 'node:crypto';
import type { Host } from '@cutover/host';
import * as z from 'zod';
import { readRemoteDocument, swapRemoteDocument } from '../git/remote-document.ts';
import { asking, type OwnershipPlace } from './place.ts';

/** The ref that names the one operator who moves the loops. */
export const defaultOperatorRef = 'refs/cutover/operator';

const place = z.object({ seq: z.int(), hash: z.string() });
const schema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('held'),
    id: z.string(),
    run: z.string(),
    host: z.string(),
    person: z.string(),
    since: z.string(),
    /** Device and inode of the journal: a copy of a state directory has others. */
    journal: z.string(),
    /** How far the journal was. */
    at: place,
  }),
  /** `last`: how far the journal of the last run is, where a step of it was started. */
  z.object({ state: z.literal('free'), run: z.string(), last: place.optional() }),
]);

/**
 * Who moves the loops, or how far the last who did has come.
 * @useDeclaredType
 */
export type OperatorDocument = z.infer<typeof schema>;

/** Reads the claim; `undefined`: no operator ever took it. Rejects with `OwnershipUnknownError` as `readOwnership`. */
export async function readOperator(
  host: Host,
  at: OwnershipPlace,
): Promise<(OperatorDocument & { readonly commit: string }) | undefined> {
  return asking(host, at, async (context) => {
    const found = await readRemoteDocument(context, {
      remote: at.remote,
      ref: at.ref ?? defaultOperatorRef,
    });
    return found === undefined ? undefined : { ...schema.parse(found.data), commit: found.commit };
  });
}

/**
 * Writes the claim if it is still as `expected` (a commit; `undefined` for nothing).
 *
 * @returns the new commit; `undefined`: another operator was faster, and nothing was changed.
 */
export async function writeOperator(
  host: Host,
  at: OwnershipPlace,
  document: OperatorDocument,
  expected: string | undefined,
): Promise<string | undefined> {
  return asking(host, at, async (context) => {
    const ref = { remote: at.remote, ref: at.ref ?? defaultOperatorRef };
    const result = await swapRemoteDocument(context, ref, { ...document, nonce: randomUUID() }, expected);
    return result.swapped ? result.commit : undefined;
  });
}
