import { VerificationError } from './errors.ts';
import type { Session } from './session.ts';

/** Whether a step's error leaves open how the world is, so that a person must look before anything goes on. */
export function isUnsafe<World>({ runbook }: Session<World>, error: unknown): boolean {
  if (error instanceof VerificationError) return error.state === 'unknown' || error.state === 'conflict';
  return runbook.isUnsafe?.(error) ?? false;
}
