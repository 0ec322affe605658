import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CutoverError } from '../engine/errors.ts';
import type { GateRecord } from '../journal/state.ts';
import { isCode } from '../journal/state-directory.ts';

const answerSchema = z.object({
  schema: z.literal(1),
  gate: z.string(),
  nonce: z.string(),
  planHash: z.string(),
  evidenceHash: z.string(),
  decision: z.enum(['approved', 'denied']),
  by: z.string().min(1),
  note: z.string().optional(),
});

/** A person's answer, bound to one opening of one gate, to the plan and to the evidence they were shown. */
export type GateAnswer = z.infer<typeof answerSchema>;

/** What a person decided. */
export interface Decision {
  readonly decision: 'approved' | 'denied';
  /** Their name. */
  readonly by: string;
  readonly note?: string;
}

/** An open gate, as it is shown to whoever decides. */
export type OpenGate = Omit<GateRecord, 'state'> & { readonly step: string };

/** Asks the person at the terminal. Aborted when the answer came another way. `undefined`: they do not answer here. */
export type Decide = (gate: OpenGate, signal: AbortSignal) => Promise<Decision | undefined>;

/** An answer cannot be taken: no such gate is open, it was answered before, or it is about something else. */
export class GateRefusedError extends CutoverError {
  override readonly name = 'GateRefusedError';
  readonly gate: string;

  constructor(gate: string, message: string) {
    super('GATE_REFUSED', message);
    this.gate = gate;
  }
}

/** Binds a decision to an open gate. */
export function bindAnswer(gate: OpenGate, decision: Decision): GateAnswer {
  const { step, nonce, planHash, evidenceHash } = gate;
  return { schema: 1, gate: step, nonce, planHash, evidenceHash, ...decision };
}

/**
 * Leaves an answer where the runner finds it, whole or not at all.
 *
 * @throws {GateRefusedError} this opening of the gate was answered already.
 */
export async function leaveAnswer(directory: string, answer: GateAnswer): Promise<void> {
  const draft = join(directory, `.${randomBytes(6).toString('hex')}`);
  await writeFile(draft, JSON.stringify(answer), { mode: 0o600, flush: true });
  try {
    await link(draft, answerPath(directory, answer.nonce));
  } catch (error) {
    if (isCode(error, 'EEXIST')) {
      throw new GateRefusedError(answer.gate, `the gate of ${answer.gate} was answered already`);
    }
    throw error;
  } finally {
    await rm(draft);
  }
}

/** What was left for this gate: an answer, the reason why what was left is none, or nothing yet. */
export type Found = { readonly answer: GateAnswer } | { readonly refused: string } | undefined;

/** Looks for an answer and takes it away. */
export async function takeAnswer(directory: string, gate: OpenGate): Promise<Found> {
  const path = answerPath(directory, gate.nonce);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const found = judge(text, gate);
  await rm(path);
  return found;
}

function judge(text: string, gate: OpenGate): Found {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: 'the answer is not JSON' };
  }
  const parsed = answerSchema.safeParse(value);
  if (!parsed.success) return { refused: 'the answer has not the form of an answer' };
  const answer = parsed.data;
  if (answer.gate !== gate.step) return { refused: `the answer is for the gate of ${answer.gate}` };
  if (answer.nonce !== gate.nonce)
    return { refused: 'the answer was given to an earlier opening of this gate' };
  if (answer.planHash !== gate.planHash) return { refused: 'the answer was given to another plan' };
  if (answer.evidenceHash !== gate.evidenceHash) return { refused: 'the answer was given to other evidence' };
  return { answer };
}

function answerPath(directory: string, nonce: string): string {
  return join(directory, `${nonce}.json`);
}
