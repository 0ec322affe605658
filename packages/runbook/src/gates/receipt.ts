import type { JournalState } from '../journal/state.ts';
import { findAnswer, findWithdrawal } from './answer-box.ts';

/**
 * What became of an answer. `queued`: it lies there for the runner. `delivered`: it is in the journal, and nothing was
 * begun on it yet. `used`: the step was started on it (an approval), or the run ended by it (a denial). `cancelled`: it was
 * taken back.
 */
export interface Receipt {
  /** The nonce of the opening of the gate that was answered. */
  readonly id: string;
  readonly gate: string;
  readonly decision: 'approved' | 'denied';
  readonly by: string;
  readonly state: 'queued' | 'delivered' | 'used' | 'cancelled';
}

/** The receipts of all gates, as each was last opened. */
export async function receipts(state: JournalState, answers: string): Promise<Receipt[]> {
  const gates = [...state.lists.values()].flatMap(({ steps }) =>
    [...steps].flatMap(([step, { gate }]) => (gate === undefined ? [] : [{ step, gate }])),
  );
  const found = await Promise.all(
    gates.map(async ({ step, gate: { nonce: id, answer, state: became } }): Promise<Receipt[]> => {
      if (answer !== undefined) {
        const { decision, by } = answer;
        return [{ id, gate: step, decision, by, state: await stateOf(became, decision, answers, id) }];
      }
      const left = await findAnswer(answers, id);
      if (left === undefined || typeof left.answer === 'string') return [];
      const { decision, by } = left.answer;
      const withdrawn = left.place === 'taken' && (await findWithdrawal(answers, id)) !== undefined;
      const places = { queued: 'queued', taken: 'delivered', withdrawn: 'cancelled' } as const;
      return [{ id, gate: step, decision, by, state: places[withdrawn ? 'withdrawn' : left.place] }];
    }),
  );
  return found.flat();
}

async function stateOf(
  became: string,
  decision: Receipt['decision'],
  answers: string,
  nonce: string,
): Promise<Receipt['state']> {
  if (became === 'withdrawn') return 'cancelled';
  if (became === 'used' || decision === 'denied') return 'used';
  return (await findWithdrawal(answers, nonce)) === undefined ? 'delivered' : 'cancelled';
}
