import { randomBytes } from 'node:crypto';
import type { Evidence } from '../engine/json.ts';
import { hashInputs } from '../engine/inputs.ts';
import type { Outcome } from '../engine/outcome.ts';
import { recordOf, recordStep, type Session } from '../engine/session.ts';
import type { Gate } from '../engine/gate.ts';
import type { Step } from '../engine/step.ts';
import type { OpenGate } from './answer.ts';
import { waitForAnswer } from './wait.ts';

/** What is asked at a gate, and of what. */
export interface Question {
  readonly kind: Gate<unknown>['kind'];
  readonly text: string;
  readonly evidence: Evidence;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Opens the gate of a step, or finds it open on the same question, and waits for the answer. Each opening has a nonce
 * of its own, so an answer counts once.
 *
 * @returns `undefined` when it was approved; otherwise how the step ends.
 */
export async function passGate<World>(
  session: Session<World>,
  step: Step<World>,
  attempt: number,
  question: Question,
): Promise<Outcome | undefined> {
  for (;;) {
    const gate = await openGate(session, step, attempt, question);
    if (gate === 'approved') return undefined;
    const waited = await waitForAnswer(gate, session.directory.answers, session.decide, session.draining);
    const { nonce } = gate;
    switch (waited.kind) {
      case 'answered': {
        const { decision, ...who } = waited.decision;
        await recordStep(session, step, attempt, { type: `gate.${decision}`, nonce, ...who });
        if (decision === 'approved') return undefined;
        const why = who.note === undefined ? '' : `: ${who.note}`;
        return { result: 'failed', step: step.id, reason: `${who.by} denied it${why}` };
      }
      case 'expired':
        await recordStep(session, step, attempt, { type: 'gate.expired', nonce });
        return { result: 'waiting', step: step.id, reason: 'it was not answered in time' };
      case 'refused':
        await recordStep(session, step, attempt, { type: 'gate.refused', nonce, reason: waited.reason });
    }
  }
}

/** The gate that stands open on this very question, or a new one. `approved`: it was answered while no runner was at work. */
export async function openGate<World>(
  session: Session<World>,
  step: Step<World>,
  attempt: number,
  { kind, text, evidence, timeout }: Question,
): Promise<OpenGate | 'approved'> {
  const shown = session.redactor.value({ text, evidence });
  const evidenceHash = hashInputs(shown.evidence, session.directory.key);
  const planHash = session.plan.hash;
  const known = recordOf(session, step)?.gate;
  if (known?.kind === kind && known.planHash === planHash && known.evidenceHash === evidenceHash) {
    if (known.state === 'approved') return 'approved';
    if (known.state === 'open' && Date.parse(known.expires) > Date.now()) return { step: step.id, ...known };
  }
  const gate = {
    kind,
    nonce: randomBytes(16).toString('hex'),
    ...shown,
    evidenceHash,
    planHash,
    expires: new Date(Date.now() + timeout).toISOString(),
  };
  await recordStep(session, step, attempt, { type: 'gate.open', ...gate });
  return { step: step.id, ...gate };
}
