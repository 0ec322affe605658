import type { Evidence } from '../engine/json.ts';

/** What the journal says of one step. */
export interface StepRecord {
  status: 'found' | 'intended' | 'applied' | 'verified' | 'failed' | 'undoing' | 'undone';
  version: number;
  inputHash: string;
  attempt: number;
  /** The place of the first intent: a rollback goes from the highest to the lowest. `undefined`: never begun by us. */
  begun: number | undefined;
  /** The place at which it was first found done, not by us. */
  found: number | undefined;
  /** The hashes of the inputs that it was started with since it was last undone. */
  readonly madeWith: Set<string>;
  operation: string | undefined;
  /** The last attempt's `apply` came to its end: what it did is done, whatever was seen of it since. */
  applied: boolean;
  /** The last attempt was not recorded as failed: it was cut off, or it came through. */
  cutOff: boolean;
  /** Milliseconds that it took when it was last done by us; `undefined`: never. */
  took: number | undefined;
  /** The `mono` of the last intent. */
  since: number;
  evidence: Evidence;
  gate: GateRecord | undefined;
}

/** The last gate that was opened for a step. */
export interface GateRecord {
  readonly kind: 'approval' | 'human';
  readonly nonce: string;
  readonly text: string;
  readonly evidence: Evidence;
  readonly evidenceHash: string;
  readonly planHash: string;
  readonly expires: string;
  /** Who answered it, and how. */
  answer: GateDecision | undefined;
  state: 'open' | 'approved' | 'denied' | 'expired' | 'withdrawn' | 'used';
}

/** An answer as the journal has it. */
export interface GateDecision {
  readonly decision: 'approved' | 'denied';
  readonly by: string;
  readonly note: string | undefined;
  readonly signature: string | undefined;
}

/** Of a step that nothing is known of. */
export function newRecord(): StepRecord {
  return {
    status: 'found',
    version: 0,
    inputHash: '',
    attempt: 0,
    begun: undefined,
    found: undefined,
    madeWith: new Set(),
    operation: undefined,
    applied: false,
    cutOff: false,
    took: undefined,
    since: 0,
    evidence: {},
    gate: undefined,
  };
}
