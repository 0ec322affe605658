import { withDeadline } from './deadline.ts';
import { recordedError } from './recorded-error.ts';
import type { Outcome } from './outcome.ts';
import { recordStep, type Session } from './session.ts';
import type { Step } from './step.ts';

/** Asks at once whether the claim is still this runner's; what is returned waits for the answer, and never rejects. */
export function confirmClaim<World>(
  session: Session<World>,
  step: Step<World>,
): (attempt: number) => Promise<Outcome | undefined> {
  if (step.needsClaim !== true) return async () => undefined;
  const asked = withDeadline(step, 'check', session.signal, (signal) => session.claim.confirm(signal)).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  return async (attempt) => {
    const refused = await asked;
    if (refused === undefined) return undefined;
    if (session.signal.aborted)
      return { result: 'interrupted', step: step.id, reason: 'interrupted', error: refused.error };
    const { message: reason } = recordedError(refused.error);
    await recordStep(session, step, attempt, { type: 'stopped', state: 'conflict', reason, evidence: {} });
    return { result: 'unsafe', step: step.id, reason, error: refused.error };
  };
}
