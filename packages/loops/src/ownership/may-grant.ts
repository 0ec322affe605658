import { type Attestation, attestationProblem } from './attestation.ts';
import type { ReleasedOwnership } from './document.ts';

/** What is known of the host that held the loops last. */
export interface LastOwner {
  readonly name: string;
  /** It was proven stopped, by what was seen running, in this very run. */
  readonly stopped: boolean;
  /** A supervisor of ours enforces its lease. */
  readonly supervised: boolean;
  /** Whether it answers now, and when it answered last (ISO 8601; `null`: never, as far as is known). */
  readonly answers: boolean;
  readonly lastAnswer: string | null;
  /** Its key; `cannot`: the forge has no way to revoke one, or none is known. */
  readonly key: 'revoked' | 'valid' | 'cannot';
  /** Its instance, where Incus can be asked; a frozen one can be thawed. */
  readonly instance: 'stopped' | 'frozen' | 'running' | 'not asked';
}

/** What the decision about a grant rests on. */
export interface GrantFacts {
  /** Whom the loops are granted to. */
  readonly to: string;
  readonly released: ReleasedOwnership;
  readonly last: LastOwner;
  /** Milliseconds since a fresh read of the release in this process. */
  readonly sinceRead: number;
  readonly attestation?: Attestation | undefined;
  /** What an attestation must be bound to, and the time now (Unix milliseconds). */
  readonly plan: string;
  readonly run: string;
  readonly now: number;
}

/** `returned`: the host that released them gets them back, before another ever had them. */
export type GrantGround = 'stopped' | 'lease' | 'attestation' | 'returned';

/** Whether the grant may be written: on what ground, or all that is missing. */
export type GrantDecision =
  | { readonly may: true; readonly ground: GrantGround; readonly unfenced: boolean }
  | { readonly may: false; readonly waitMs?: number; readonly missing: readonly string[] };

/** Decides whether another host may be granted the loops. Every fact that is not known counts against it. */
export function mayGrant(facts: GrantFacts): GrantDecision {
  const { last, released, sinceRead } = facts;
  const fenced = last.key === 'revoked';
  const unfenced = last.key === 'cannot';
  if (facts.to === released.from) return { may: true, ground: 'returned', unfenced };
  if (last.key === 'valid') {
    return { may: false, missing: [`the forge key of ${last.name} is still valid; revoke it`] };
  }
  if (last.stopped) return { may: true, ground: 'stopped', unfenced };
  const missing: string[] = [];
  // One that is switched off cannot push either, and its supervisor asks before it starts a loop again.
  if (last.supervised && (fenced || last.instance === 'stopped')) {
    if (last.instance === 'running' || last.instance === 'frozen') {
      missing.push(`the instance ${last.name} is ${last.instance}; stop it`);
    } else if (sinceRead < released.lease) {
      const waitMs = released.lease - sinceRead;
      return { may: false, waitMs, missing: [`the lease of ${last.name} has not run out`] };
    } else return { may: true, ground: 'lease', unfenced };
  }
  const problem = problemOf(facts);
  if (!last.supervised && problem === undefined) return { may: true, ground: 'attestation', unfenced };
  missing.push(`${last.name} is not proven stopped`);
  if (last.supervised && !fenced)
    missing.push(
      `no key of ${last.name} could be revoked at the forge, so its instance must be seen stopped`,
    );
  if (!last.supervised && problem !== undefined) missing.push(problem);
  return { may: false, missing };
}

/** Given at this release, or in the same run just before it. */
function problemOf({ attestation, last, released, plan, run, now }: GrantFacts): string | undefined {
  return attestationProblem({
    attestation,
    host: last.name,
    answers: last.answers,
    lastAnswer: last.lastAnswer,
    plan,
    run,
    ofThisMove: (epoch) => epoch === released.epoch || (epoch === released.epoch - 1 && released.run === run),
    now,
  });
}
