import { makeContext } from './make-context.ts';
import { withDeadline } from './deadline.ts';
import { recordedError } from './recorded-error.ts';
import type { Session } from './session.ts';
import type { CheckResult } from './check-result.ts';
import type { Step } from './step.ts';

/**
 * Asks a step how the world is. An error, a missed deadline too, is `unknown`: it says nothing about the world.
 *
 * @throws the reason of the session's signal when that aborts.
 */
export async function look<World>(
  session: Session<World>,
  step: Step<World>,
  attempt: number,
): Promise<CheckResult> {
  const check = step.check?.bind(step);
  if (check === undefined) throw new TypeError(`step ${step.id} has no check`);
  try {
    return await withDeadline(step, 'check', session.signal, (signal) =>
      check(makeContext(session, step, attempt, signal)),
    );
  } catch (error) {
    session.signal.throwIfAborted();
    const { message, causes } = recordedError(error);
    return { state: 'unknown', evidence: {}, reason: [message, ...causes].join('; ') };
  }
}
