import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '@cutover/foundation/errno';
import { type GateAnswer, GateRefusedError, type OpenGate, parseAnswer, whyNotFor } from './answer.ts';
import { leaveFile, readFileIfThere } from './answer-file.ts';

/**
 * Where the answer to one opening of a gate lies: left by `approve` or `deny` (queued), taken by the runner and perhaps not
 * yet in its journal (taken), or taken back by `cancel` before a runner took it (withdrawn). A rename moves it, so the
 * runner and the person who takes it back never both have it. After that its end decides: the runner that is about to act on
 * it and the person who takes it back leave the same file, and the first counts.
 */
export type Place = 'queued' | 'taken' | 'withdrawn' | 'end';

function pathOf(directory: string, nonce: string, place: Place): string {
  return join(directory, place === 'queued' ? `${nonce}.json` : `${nonce}.${place}.json`);
}

/**
 * Leaves an answer where the runner finds it, whole or not at all.
 *
 * @throws {GateRefusedError} this opening of the gate was answered already.
 */
export async function leaveAnswer(directory: string, answer: GateAnswer): Promise<void> {
  const { gate, nonce } = answer;
  const taken = await readFileIfThere(pathOf(directory, nonce, 'taken'));
  if (taken === undefined && (await leaveFile(pathOf(directory, nonce, 'queued'), JSON.stringify(answer)))) {
    return;
  }
  throw new GateRefusedError(
    gate,
    `the gate of ${gate} was answered already; \`cancel ${gate}\` takes that back`,
  );
}

/** What was left for this gate: an answer, the reason why what was left is none, or nothing yet. */
export type Found = { readonly answer: GateAnswer } | { readonly refused: string } | undefined;

/** Looks for an answer and takes it. `forgetAnswer` when it is in the journal; until then a next runner finds it again. */
export async function takeAnswer(directory: string, gate: OpenGate): Promise<Found> {
  const taken = pathOf(directory, gate.nonce, 'taken');
  await move(pathOf(directory, gate.nonce, 'queued'), taken);
  const text = await readFileIfThere(taken);
  if (text === undefined) return undefined;
  const answer = parseAnswer(text);
  if (typeof answer === 'string') return { refused: answer };
  const refused = whyNotFor(answer, gate);
  return refused === undefined ? { answer } : { refused };
}

/** An answer that was taken is in the journal now. */
export async function forgetAnswer(directory: string, nonce: string): Promise<void> {
  await rm(pathOf(directory, nonce, 'taken'), { force: true });
}

/** Takes an answer back that no runner has taken. Returns `false`, and changes nothing, when there is none. */
export async function withdrawQueued(directory: string, nonce: string): Promise<boolean> {
  return move(pathOf(directory, nonce, 'queued'), pathOf(directory, nonce, 'withdrawn'));
}

/** Who took an approval back, and why. */
export interface Withdrawal {
  readonly by: string;
  readonly note?: string | undefined;
}

/** Takes an approval back that a runner has taken. Returns `false`, and changes nothing, when a step is started on it. */
export async function withdrawDelivered(
  directory: string,
  nonce: string,
  withdrawal: Withdrawal,
): Promise<boolean> {
  if (await leaveFile(pathOf(directory, nonce, 'end'), JSON.stringify(withdrawal))) return true;
  return (await findWithdrawal(directory, nonce)) !== undefined;
}

/**
 * Uses an approval: from here on it cannot be taken back. A runner that was killed before its journal knew of it is
 * followed by one that finds it used and goes on.
 *
 * @returns the withdrawal that came first; `undefined`: it is used.
 */
export async function useApproval(directory: string, nonce: string): Promise<Withdrawal | undefined> {
  const used = await leaveFile(pathOf(directory, nonce, 'end'), JSON.stringify({ used: true }));
  return used ? undefined : findWithdrawal(directory, nonce);
}

/** Whether, and by whom, an approval that is in the journal was taken back. */
export async function findWithdrawal(directory: string, nonce: string): Promise<Withdrawal | undefined> {
  const text = await readFileIfThere(pathOf(directory, nonce, 'end'));
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'used' in value) return undefined;
  const member = (name: 'by' | 'note'): string | undefined =>
    typeof value === 'object' && value !== null && name in value
      ? String(Object.entries(value).find(([key]) => key === name)?.[1])
      : undefined;
  return { by: member('by') ?? 'unknown', note: member('note') };
}

/** Where the answer lies, and what it says; `undefined`: none was left, or the journal has it. */
export async function findAnswer(
  directory: string,
  nonce: string,
): Promise<{ readonly place: Exclude<Place, 'end'>; readonly answer: GateAnswer | string } | undefined> {
  for (const place of ['queued', 'taken', 'withdrawn'] as const) {
    const text = await readFileIfThere(pathOf(directory, nonce, place));
    if (text !== undefined) return { place, answer: parseAnswer(text) };
  }
  return undefined;
}

async function move(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
