import { CommandError, type Host } from '@cutover/host';
import * as z from 'zod';
import { GateDamagedError } from '../errors.ts';
import type { GitContext } from '../git/git.ts';
import { readRemoteDocument, remoteCommit, type RemoteRef } from '../git/remote-document.ts';

/** Where the claims and verdicts of one plan phase lie. */
export interface GatePlace {
  /** A clone of the repository in question, on the host. */
  readonly repository: string;
  /** The remote's name in that clone, or its address. Default `origin`. */
  readonly remote?: string | undefined;
  readonly rig: string;
  /** The plan phase, counted from 0. */
  readonly phase: number;
  /** The branch that is claimed. Default `main`. */
  readonly branch?: string | undefined;
  /** Milliseconds for each git command. Default 30 s. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The claimer's word that a plan phase is done at one commit. */
export interface Claim {
  readonly phase: number;
  /** The claimed commit. */
  readonly sha: string;
  readonly nonce: string;
  /** Which claim on this plan phase it is, from 1. */
  readonly round: number;
  readonly by: string;
  /** The commit that holds the claim: the verdict names it. */
  readonly commit: string;
}

/** The reviewer's answer to one claim. */
export interface Verdict {
  readonly phase: number;
  /** The commit that it is about: the claim's. */
  readonly sha: string;
  /** The commit that holds the claim. */
  readonly claim: string;
  readonly verdict: 'pass' | 'fail';
  readonly by: string;
  readonly note: string;
  /** The commit that holds the verdict. */
  readonly commit: string;
}

const claimSchema = z.object({
  phase: z.int().min(0),
  sha: z.string(),
  nonce: z.string(),
  round: z.int().min(1),
  by: z.string(),
});
const verdictSchema = z.object({
  phase: z.int().min(0),
  sha: z.string(),
  claim: z.string(),
  verdict: z.enum(['pass', 'fail']),
  by: z.string(),
  note: z.string(),
});

/**
 * The newest claim on a plan phase; `undefined` when there is none.
 *
 * @throws {GateDamagedError} what is there is not a claim.
 */
export async function readClaim(host: Host, place: GatePlace): Promise<Claim | undefined> {
  return readDocument(host, place, 'claims', claimSchema);
}

/**
 * The newest verdict on a plan phase; `undefined` when there is none. Check it against the claim before use.
 *
 * @throws {GateDamagedError} what is there is not a verdict.
 */
export async function readVerdict(host: Host, place: GatePlace): Promise<Verdict | undefined> {
  return readDocument(host, place, 'verdicts', verdictSchema);
}

/** The ref of a plan phase's claims or verdicts. */
export function gateRef(
  { rig, phase, remote = 'origin' }: GatePlace,
  kind: 'claims' | 'verdicts',
): RemoteRef {
  return { remote, ref: `refs/loops/${rig}/${kind}/${phase}` };
}

export function gateContext(host: Host, { repository, timeout, signal }: GatePlace): GitContext {
  return {
    host,
    repository,
    timeout,
    signal,
  };
}

async function readDocument<T extends object>(
  host: Host,
  place: GatePlace,
  kind: 'claims' | 'verdicts',
  schema: z.ZodType<T>,
): Promise<(T & { readonly commit: string }) | undefined> {
  const context = gateContext(host, place);
  const at = gateRef(place, kind);
  try {
    const document = await readRemoteDocument(context, at);
    return document === undefined ? undefined : { ...schema.parse(document.data), commit: document.commit };
  } catch (error) {
    const isDamage =
      error instanceof SyntaxError || error instanceof z.ZodError || error instanceof CommandError;
    const commit = isDamage ? await remoteCommit(context, at) : undefined;
    if (commit === undefined) throw error;
    throw new GateDamagedError(at.ref, at.remote, commit);
  }
}

/** What is there as the base of the next one: one that is damaged is replaced as if there were none. */
export async function orDamaged<T>(
  reading: Promise<T | undefined>,
): Promise<{ readonly document: T | undefined; readonly commit: string | undefined }> {
  try {
    const document = await reading;
    return { document, commit: undefined };
  } catch (error) {
    if (error instanceof GateDamagedError) return { document: undefined, commit: error.commit };
    throw error;
  }
}
