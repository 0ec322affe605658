import * as z from 'zod';

/** How a person may know that a host is off. */
export const attestationHows = ['power cut', 'instance stopped', 'disk out'] as const;

/** How long an attestation counts, in milliseconds. */
export const attestationLife = 3_600_000;

export const attestationSchema = z.object({
  by: z.string().min(1),
  host: z.string().min(1),
  how: z.enum(attestationHows),
  plan: z.string(),
  run: z.string(),
  epoch: z.int(),
  lastAnswer: z.string().nullable(),
  at: z.string(),
});

/** A person's word that a host is off. It counts for one move and one hour, and is void when the host answers. */
export interface Attestation {
  /** Who says so. */
  readonly by: string;
  /** The host that is off. */
  readonly host: string;
  /** How they know. */
  readonly how: (typeof attestationHows)[number];
  /** The hash of the plan, the run, and the epoch at which it was given. */
  readonly plan: string;
  readonly run: string;
  readonly epoch: number;
  /** When the host answered last, ISO 8601; `null` when it never did. */
  readonly lastAnswer: string | null;
  /** When it was given, ISO 8601. */
  readonly at: string;
}

/** What an attestation is held against. */
export interface AttestationFacts {
  readonly attestation: Attestation | undefined;
  /** The host that must be off. */
  readonly host: string;
  /** Whether it answers now, and when it answered last. */
  readonly answers: boolean;
  readonly lastAnswer: string | null;
  readonly plan: string;
  readonly run: string;
  /** Whether the epoch at which it was given is one of this move. */
  ofThisMove(epoch: number): boolean;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Why an attestation does not count; `undefined`: it does. */
export function attestationProblem(facts: AttestationFacts): string | undefined {
  const { attestation, host, answers, lastAnswer, plan, run, now } = facts;
  if (attestation === undefined) return `no person attests that ${host} is off`;
  if (attestation.host !== host) return `the attestation is about ${attestation.host}, not ${host}`;
  if (answers) return `${host} answers, so the attestation is void`;
  if (attestation.lastAnswer !== lastAnswer)
    return `${host} answered at ${lastAnswer ?? 'no time that is known'}, after the attestation was prepared, so it is void`;
  if (attestation.plan !== plan || attestation.run !== run || !facts.ofThisMove(attestation.epoch))
    return 'the attestation was given for another plan, run or epoch';
  const age = now - Date.parse(attestation.at);
  if (!(age >= 0 && age <= attestationLife)) return 'the attestation is older than an hour; give it again';
  return undefined;
}

/** Reads what `attest` wrote; `undefined`: it is no attestation. */
export function parseAttestation(data: unknown): Attestation | undefined {
  const parsed = attestationSchema.safeParse(data);
  return parsed.success ? parsed.data : undefined;
}
