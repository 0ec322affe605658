import { RunbookError } from '../engine/errors.ts';
import type { GateRecord } from '../journal/step-record.ts';

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
  /** Made by `ssh-keygen -Y sign` of what `signedText` returns for the answer. */
  readonly signature?: string | undefined;
}

/** An open gate, as it is shown to the person who decides. */
export type OpenGate = Omit<GateRecord, 'state' | 'answer'> & { readonly step: string };

/** Asks the person at the terminal. Aborted when the answer came another way. `undefined`: they do not answer here. */
export type Decide = (gate: OpenGate, signal: AbortSignal) => Promise<Decision | undefined>;

/** An answer cannot be taken: no such gate is open, it was answered before, or it is about something else. */
export class GateRefusedError extends RunbookError {
  override readonly name = 'GateRefusedError';
  readonly code = 'GATE_REFUSED';
  readonly gate: string;

  constructor(gate: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.gate = gate;
  }
}

/** Binds a decision to an open gate. */
export function bindAnswer(gate: Bound, decision: Decision): GateAnswer {
  const { step, nonce, planHash, evidenceHash } = gate;
  return { schema: 1, gate: step, nonce, planHash, evidenceHash, ...decision };
}

/** What of a gate an answer is bound to. */
type Bound = Pick<OpenGate, 'step' | 'nonce' | 'planHash' | 'evidenceHash'>;

/** Why an answer that was left for this gate is none; `undefined`: it is one. */
export function whyNotFor(answer: GateAnswer, gate: Bound): string | undefined {
  if (answer.gate !== gate.step) return `the answer is for the gate of ${answer.gate}`;
  if (answer.nonce !== gate.nonce) return 'the answer was given to an earlier opening of this gate';
  if (answer.planHash !== gate.planHash) return 'the answer was given to another plan';
  if (answer.evidenceHash !== gate.evidenceHash) return 'the answer was given to other evidence';
  return undefined;
}

/** Reads an answer from a file's text; a string says why it is none. */
export function parseAnswer(text: string): GateAnswer | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return 'the answer is not JSON';
    throw error;
  }
  return answerOf(value) ?? 'the answer has not the form of an answer';
}

/** Of what is in the file, the members of an answer; `undefined`: it is not one. */
function answerOf(value: unknown): GateAnswer | undefined {
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
  if (members.get('schema') !== 1 || (decision !== 'approved' && decision !== 'denied')) return undefined;
  if (gate === undefined || nonce === undefined || planHash === undefined) return undefined;
  if (evidenceHash === undefined || by === undefined || by === '') return undefined;
  const [note, signature] = ['note', 'signature'].map(text);
  return { schema: 1, gate, nonce, planHash, evidenceHash, decision, by, note, signature };
}
