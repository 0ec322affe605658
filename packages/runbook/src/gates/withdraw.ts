import type { JournalState } from '../journal/state.ts';
import { GateRefusedError } from './answer.ts';
import { findAnswer, withdrawDelivered, withdrawQueued, type Withdrawal } from './answer-box.ts';

/**
 * Takes an answer to the gate of `step` back, when no step was started on it.
 *
 * @returns the nonce of the opening that it was given to; the gate stands open again.
 * @throws {GateRefusedError} there is none, or it was used.
 */
export async function withdrawAnswer(
  step: string,
  answers: string,
  withdrawal: Withdrawal,
  state: JournalState,
): Promise<string> {
  const gate = gateOf(state, step);
  if (gate === undefined) throw new GateRefusedError(step, `no gate of ${step} was ever opened`);
  const { nonce } = gate;
  if (gate.state === 'open' && (await withdrawQueued(answers, nonce))) return nonce;
  if (gate.state === 'open') {
    const left = await findAnswer(answers, nonce);
    if (left?.place !== 'taken')
      throw new GateRefusedError(step, `no answer to the gate of ${step} waits to be taken`);
    // No step is started on a denial, so none asks once more whether it still counts.
    if (typeof left.answer !== 'string' && left.answer.decision === 'denied')
      throw new GateRefusedError(
        step,
        `the denial of ${step} cannot be taken back: a runner has it; \`resume\` asks again`,
      );
  }
  const taken = gate.state === 'open' || gate.state === 'approved';
  if (taken && (await withdrawDelivered(answers, nonce, withdrawal))) return nonce;
  throw new GateRefusedError(
    step,
    `the answer to the gate of ${step} cannot be taken back: it is ${taken ? 'used' : gate.state}; \`cancel\` without a gate ends the run`,
  );
}

function gateOf(state: JournalState, step: string) {
  const gates = [...state.lists.values()].flatMap(({ steps }) => steps.get(step)?.gate ?? []);
  return gates.find((gate) => gate.state === 'open' || gate.state === 'approved') ?? gates.at(-1);
}
