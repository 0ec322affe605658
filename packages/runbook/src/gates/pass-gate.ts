import { randomBytes } from 'node:crypto';
import type { Evidence } from '../engine/json.ts';
import { hashInputs } from '../engine/inputs.ts';
import type { Outcome } from '../engine/outcome.ts';
import { recordOf, recordStep, type Session } from '../engine/session.ts';
import type { Gate } from '../engine/gate.ts';
import type { Step } from '../engine/step.ts';
import type { GateRecord } from '../journal/step-record.ts';
import { bindAnswer, type OpenGate } from './answer.ts';
import { findWithdrawal, forgetAnswer, useApproval } from './answer-box.ts';
import { whyNotSigned } from './signature.ts';
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
    const waited = await waitForAnswer(gate, session);
    const { nonce } = gate;
    switch (waited.kind) {
      case 'answered': {
        const { decision, by, note, signature } = waited.decision;
        await recordStep(session, step, attempt, { type: `gate.${decision}`, nonce, by, note, signature });
        await forgetAnswer(session.directory.answers, nonce);
        if (decision === 'approved') return undefined;
        return {
          result: 'failed',
          step: step.id,
          reason: `${by} denied it${note === undefined ? '' : `: ${note}`}`,
        };
      }
      case 'expired':
        await recordStep(session, step, attempt, { type: 'gate.expired', nonce });
        return { result: 'waiting', step: step.id, reason: 'it was not answered in time' };
      case 'refused':
        await recordStep(session, step, attempt, { type: 'gate.refused', nonce, reason: waited.reason });
        await forgetAnswer(session.directory.answers, nonce);
    }
  }
}

/**
 * Called when a step is about to act: from here on the approval that it acts on, if it has a gate, cannot be taken back.
 *
 * @returns `false`: it was taken back before; the gate has to be asked again.
 */
export async function useGate<World>(
  session: Session<World>,
  step: Step<World>,
  attempt: number,
): Promise<boolean> {
  const gate = recordOf(session, step)?.gate;
  if (gate?.state !== 'approved') return true;
  const { nonce } = gate;
  const withdrawal = await useApproval(session.directory.answers, nonce);
  if (withdrawal === undefined) return true;
  await recordStep(session, step, attempt, { type: 'gate.withdrawn', nonce, ...withdrawal });
  return false;
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
  if (known !== undefined && isAbout(known, { kind, planHash, evidenceHash })) {
    if (known.state === 'approved' && (await stillCounts(session, step, attempt, known))) return 'approved';
    if (known.state === 'open') {
      const open = { step: step.id, ...known };
      // The journal has its opening; the operator who watches this run has not seen it.
      session.emit({ type: 'gate.waiting', list: session.list, ...open });
      return open;
    }
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

/** Whether a gate was opened on this plan and evidence, and its time is not over. */
export function isAbout(
  known: GateRecord,
  now: { readonly kind: string; readonly planHash: string; readonly evidenceHash: string },
): boolean {
  return (
    known.kind === now.kind &&
    known.planHash === now.planHash &&
    known.evidenceHash === now.evidenceHash &&
    Date.parse(known.expires) > Date.now()
  );
}

/** An approval that the journal has, and on which nothing was started: it may have been taken back, or never been signed. */
async function stillCounts<World>(
  session: Session<World>,
  step: Step<World>,
  attempt: number,
  gate: GateRecord,
): Promise<boolean> {
  const { nonce, answer } = gate;
  const withdrawal = await findWithdrawal(session.directory.answers, nonce);
  if (withdrawal !== undefined) {
    await recordStep(session, step, attempt, { type: 'gate.withdrawn', nonce, ...withdrawal });
    return false;
  }
  const { approvers } = session.runbook;
  if (approvers === undefined || answer === undefined) return true;
  const reason = await whyNotSigned(bindAnswer({ step: step.id, ...gate }, answer), approvers);
  if (reason === undefined) return true;
  await recordStep(session, step, attempt, { type: 'gate.refused', nonce, reason });
  return false;
}
