import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RunbookError } from '../engine/errors.ts';
import type { GateRecord } from '../journal/state.ts';
import { leaveFile, readFileIfThere } from './answer-file.ts';

/** A person's answer, bound to one opening of one gate, to the plan and to the evidence they were shown. */
export interface GateAnswer extends Decision {
  readonly schema: 1;
  /** The id of the gate's step. */
  readonly gate: string;
  readonly nonce: string;
  readonly planHash: string;
  readonly evidenceHash: string;
}

/** What a person decided. */
export interface Decision {
  readonly decision: 'approved' | 'denied';
  /** Their name. */
  readonly by: string;
  readonly note?: string | undefined;
}

/** An open gate, as it is shown to the person who decides. */
export type OpenGate = Omit<GateRecord, 'state'> & { readonly step: string };

/** Asks the person at the terminal. Aborted when the answer came another way. `undefined`: they do not answer here. */
export type Decide = (gate: OpenGate, signal: AbortSignal) => Promise<Decision | undefined>;

/** An answer cannot be taken: no such gate is open, it was answered before, or it is about something else. */
export class GateRefusedError extends RunbookError {
  override readonly name = 'GateRefusedError';
  readonly code = 'GATE_REFUSED';
  readonly gate: string;

  constructor(gate: string, message: string) {
    super(message);
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
  if (await leaveFile(answerPath(directory, answer.nonce), JSON.stringify(answer))) return;
  throw new GateRefusedError(answer.gate, `the gate of ${answer.gate} was answered already`);
}

/** What was left for this gate: an answer, the reason why what was left is none, or nothing yet. */
export type Found = { readonly answer: GateAnswer } | { readonly refused: string } | undefined;

/** Looks for an answer and takes it away. */
export async function takeAnswer(directory: string, gate: OpenGate): Promise<Found> {
  const path = answerPath(directory, gate.nonce);
  const text = await readFileIfThere(path);
  if (text === undefined) return undefined;
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
  const answer = parseAnswer(value);
  if (answer === undefined) return { refused: 'the answer has not the form of an answer' };
  if (answer.gate !== gate.step) return { refused: `the answer is for the gate of ${answer.gate}` };
  if (answer.nonce !== gate.nonce)
    return { refused: 'the answer was given to an earlier opening of this gate' };
  if (answer.planHash !== gate.planHash) return { refused: 'the answer was given to another plan' };
  if (answer.evidenceHash !== gate.evidenceHash) return { refused: 'the answer was given to other evidence' };
  return { answer };
}

/** Of what is in the file, the members of an answer; `undefined`: it is not one. */
function parseAnswer(value: unknown): GateAnswer | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(value));
  const text = (name: string): string | undefined => {
    const member = members.get(name);
    return typeof member === 'string' ? member : undefined;
  };
  const [gate, nonce, planHash, evidenceHash, by] = ['gate', 'nonce', 'planHash', 'evidenceHash', 'by'].map(
    text,
  );
  const decision = members.get('decision');
  const note = text('note');
  if (members.get('schema') !== 1 || (decision !== 'approved' && decision !== 'denied')) return undefined;
  if (gate === undefined || nonce === undefined || planHash === undefined) return undefined;
  if (evidenceHash === undefined || by === undefined || by === '') return undefined;
  return {
    schema: 1,
    gate,
    nonce,
    planHash,
    evidenceHash,
    decision,
    by,
    ...(note === undefined ? {} : { note }),
  };
}

function answerPath(directory: string, nonce: string): string {
  return join(directory, `${nonce}.json`);
}
