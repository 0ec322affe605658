import { setTimeout as sleep } from 'node:timers/promises';
import { look } from '../engine/look.ts';
import type { Outcome } from '../engine/outcome.ts';
import { recordStep, type Session } from '../engine/session.ts';
import type { Evidence } from '../engine/json.ts';
import type { Gate } from '../engine/gate.ts';
import type { Step } from '../engine/step.ts';
import { openGate } from './pass-gate.ts';
import { forgetAnswer } from './answer-box.ts';
import { lookForAnswer } from './wait.ts';

/**
 * Shows a person what to do and looks until it is done. Only what is there counts: an approval of such a gate is not
 * taken. A host that does not answer meanwhile is asked again until the gate's time is over.
 *
 * @returns `undefined` when it is done; otherwise how the step ends.
 */
export async function waitForPerson<World>(
  session: Session<World>,
  step: Step<World>,
  attempt: number,
  gate: Extract<Gate<World>, { kind: 'human' }>,
  evidence: Evidence,
): Promise<Outcome | undefined> {
  const opened = await openGate(session, step, attempt, {
    kind: 'human',
    text: gate.instructions(session.runbook.world),
    evidence,
    timeout: gate.timeout,
  });
  // Approvals of human gates are never recorded, so it is always the open gate that comes back.
  if (opened === 'approved') return undefined;
  const { nonce } = opened;
  for (;;) {
    const answer = await look(session, step, attempt);
    if (answer.state === 'satisfied') return undefined;
    if (answer.state === 'conflict') {
      await recordStep(session, step, attempt, { type: 'stopped', ...answer, state: 'conflict' });
      return { result: 'unsafe', step: step.id, reason: answer.reason };
    }
    const { answers } = session.directory;
    const found = await lookForAnswer(opened, answers, undefined);
    if (found?.kind === 'answered' && found.decision.decision === 'denied') {
      const { by, note } = found.decision;
      await recordStep(session, step, attempt, { type: 'gate.denied', nonce, by, note });
      await forgetAnswer(answers, nonce);
      return {
        result: 'failed',
        step: step.id,
        reason: `${by} denied it${note === undefined ? '' : `: ${note}`}`,
      };
    }
    if (found !== undefined) {
      const reason =
        found.kind === 'refused' ? found.reason : 'this gate is passed by doing the step, not by approval';
      await recordStep(session, step, attempt, { type: 'gate.refused', nonce, reason });
      await forgetAnswer(answers, nonce);
    }
    if (Date.now() >= Date.parse(opened.expires)) {
      await recordStep(session, step, attempt, { type: 'gate.expired', nonce });
      const seen = answer.state === 'unknown' ? ` (the last look: ${answer.reason})` : '';
      return { result: 'waiting', step: step.id, reason: `it was not done in time${seen}` };
    }
    await sleep(gate.poll ?? 2000, undefined, { signal: session.draining });
  }
}
