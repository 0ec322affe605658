import { parseDuration } from '@cutover/foundation/duration';
import * as z from 'zod';
import { type Attestation, attestationSchema } from './attestation.ts';

/** The ref that holds who owns the loops, unless a config says otherwise. */
export const defaultOwnershipRef = 'refs/cutover/owner';

/** How long an owner may go on after a confirmation, unless a grant says otherwise, in milliseconds. */
export const defaultLease = 600_000;

const duration = z.string().transform((text, context) => {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue(`${text} is not a duration`);
  return z.NEVER;
});

const common = { epoch: z.int().min(1), run: z.string(), lease: duration };

const documentSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('held'),
    owner: z.string().min(1),
    ...common,
    attestation: attestationSchema.exactOptional(),
  }),
  z.object({ state: z.literal('released'), from: z.string().min(1).exactOptional(), ...common }),
]);

interface Common {
  /** Rises by one with each change, and never falls. */
  readonly epoch: number;
  /** The run, or the person, that wrote it. */
  readonly run: string;
  /** Milliseconds that the owner may go on after a confirmation; of a released ref, that the last owner may. */
  readonly lease: number;
}

/** One host may run the loops. */
export interface HeldDocument extends Common {
  readonly state: 'held';
  readonly owner: string;
  /** The person's word that the grant rests on, where it does. */
  readonly attestation?: Attestation;
}

/** No host may start a loop. */
export interface ReleasedDocument extends Common {
  readonly state: 'released';
  readonly owner?: undefined;
  /** Who held them last; absent when no host did. */
  readonly from?: string;
}

/** That one host may run the loops, and the commit that says so. */
export type HeldOwnership = HeldDocument & { readonly commit: string };
/** That no host may start a loop, and the commit that says so. */
export type ReleasedOwnership = ReleasedDocument & { readonly commit: string };
/** Who may run the loops, as one commit of the ref says. */
export type Ownership = HeldOwnership | ReleasedOwnership;

/** @throws {z.ZodError} it is not a document of an ownership. */
export function parseDocument(data: unknown): HeldDocument | ReleasedDocument {
  return documentSchema.parse(data);
}

/** The document as the ref holds it: the lease as text. */
export function formatDocument({ lease, ...rest }: HeldDocument | ReleasedDocument): object {
  return { ...rest, lease: lease % 60_000 === 0 ? `${lease / 60_000}m` : `${lease}ms` };
}

/** Who may run the loops, in a few words. */
export function describeOwnership(ownership: HeldDocument | ReleasedDocument | undefined): string {
  if (ownership === undefined) return 'held by no host';
  const { epoch } = ownership;
  return ownership.state === 'held'
    ? `held by ${ownership.owner} at epoch ${epoch}`
    : `released by ${ownership.from ?? 'no host'} at epoch ${epoch}`;
}
