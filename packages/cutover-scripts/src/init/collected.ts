import type { Answers } from '@cutover/runbook';
import type { Address } from './answers.ts';
import type { FoundLoop } from './found-rig.ts';
import type { OldRigFacts } from './old-rig-facts.ts';

/** All that the three files are made from. */
export interface Collected {
  readonly answers: Answers;
  readonly facts: OldRigFacts;
  readonly rig: string;
  readonly loops: readonly FoundLoop[];
  /** The public keys of a host, as the operator's known hosts have them; empty: they have none. */
  readonly hostKeys: (address: Address) => readonly string[];
}
