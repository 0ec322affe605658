import type { Evidence, Finding } from '@cutover/runbook';

/** One look of the preflight. A look that throws is a finding too: not ok. */
export interface Check {
  readonly name: string;
  /** Changes nothing. */
  look(signal: AbortSignal): Promise<Omit<Finding, 'name'>>;
}

/** It is as it must be. */
export function good(evidence: Evidence = {}): Omit<Finding, 'name'> {
  return { ok: true, evidence };
}

/** It is not; `reason` says what, where and what to do. */
export function bad(reason: string, evidence: Evidence = {}): Omit<Finding, 'name'> {
  return { ok: false, evidence, reason };
}
