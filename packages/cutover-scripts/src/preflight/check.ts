import type { Evidence, Finding } from '@cutover/runbook';
import { whyGitFailed } from '../world/git-failure.ts';

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

/**
 * Looks once. A look that throws, and one that is not over in time, is a finding that is not ok.
 *
 * @param patience milliseconds.
 * @throws the reason of `signal` when that aborts.
 */
export async function findingOf(
  { name, look }: Check,
  signal: AbortSignal,
  patience: number = 30_000,
): Promise<Finding> {
  const deadline = AbortSignal.timeout(patience);
  try {
    return { name, ...(await look(AbortSignal.any([signal, deadline]))) };
  } catch (error) {
    signal.throwIfAborted();
    return { name, ...bad(deadline.aborted ? `no answer within ${patience / 1000} s` : whyOf(error)) };
  }
}

/** One line, also of what git wrote. */
function whyOf(error: unknown): string {
  return error instanceof Error ? whyGitFailed(error.message) : 'it could not be looked at';
}
