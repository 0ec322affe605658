import type { Evidence } from '../engine/json.ts';

/** What a person says of something that cannot be asked. */
export interface Statement {
  /** What it is about, typed by that person, e.g. the name of a host. */
  readonly subject: string;
  /** How they know, one of the runbook's own words. */
  readonly how: string;
  /** Who says so. */
  readonly by: string;
}

/** A person's word, with what the runbook bound it to and when the journal got it (ISO 8601). */
export interface Attested extends Statement {
  readonly facts: Evidence;
  readonly wall: string;
}

/** What a person says, and about which run. */
export interface StatementOfRun extends Statement {
  readonly runId: string;
  /** The plan of the move itself, the list `main`. */
  readonly planHash: string;
}
