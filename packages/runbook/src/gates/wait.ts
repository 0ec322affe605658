import { on } from 'node:events';
import { watch } from 'node:fs';
import { startTimer } from '@cutover/foundation/long-timer';
import type { Approvers } from '../engine/approvers.ts';
import type { Session } from '../engine/session.ts';
import type { Decide, Decision, OpenGate } from './answer.ts';
import { takeAnswer } from './answer-box.ts';
import { whyNotSigned } from './signature.ts';

/** What became of waiting for an answer. */
export type Waited =
  | { readonly kind: 'answered'; readonly decision: Decision }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'expired' };

/**
 * Waits until the gate is answered, at the terminal (the session's `decide`) or by a file that another process leaves
 * among its answers, or until it expires. Where approvers sign, the terminal is not asked.
 *
 * @throws the reason of the session's `draining` when that aborts.
 */
export async function waitForAnswer<World>(
  gate: OpenGate,
  { directory, decide, draining, runbook: { approvers } }: Session<World>,
): Promise<Waited> {
  draining.throwIfAborted();
  const ended = new AbortController();
  const relay = (): void => ended.abort(draining.reason);
  draining.addEventListener('abort', relay, { once: true });
  const waits = [answerLeft(gate, directory.answers, approvers, ended.signal), expiry(gate, ended.signal)];
  if (decide !== undefined && approvers === undefined) waits.push(atTerminal(gate, decide, ended.signal));
  try {
    return await Promise.race(waits);
  } finally {
    draining.removeEventListener('abort', relay);
    ended.abort();
    await Promise.allSettled(waits);
  }
}

async function answerLeft(
  gate: OpenGate,
  answers: string,
  approvers: Approvers | undefined,
  signal: AbortSignal,
): Promise<Waited> {
  const watcher = watch(answers);
  try {
    // The watch stands before the first look: an answer left between them is not missed.
    const changes = on(watcher, 'change', { signal });
    for (;;) {
      const waited = await lookForAnswer(gate, answers, approvers);
      if (waited !== undefined) return waited;
      await changes.next();
    }
  } finally {
    watcher.close();
  }
}

/** Takes what was left for this gate. A denial needs no signature: it stops, and begins nothing. */
export async function lookForAnswer(
  gate: OpenGate,
  answers: string,
  approvers: Approvers | undefined,
): Promise<Exclude<Waited, { kind: 'expired' }> | undefined> {
  const found = await takeAnswer(answers, gate);
  if (found === undefined) return undefined;
  if ('refused' in found) return { kind: 'refused', reason: found.refused };
  const { decision, by, note, signature } = found.answer;
  if (decision === 'approved' && approvers !== undefined) {
    const reason = await whyNotSigned(found.answer, approvers);
    if (reason !== undefined) return { kind: 'refused', reason };
  }
  return { kind: 'answered', decision: { decision, by, note, signature } };
}

async function expiry(gate: OpenGate, signal: AbortSignal): Promise<Waited> {
  return new Promise((resolve, reject) => {
    const timer = startTimer(Date.parse(gate.expires) - Date.now(), () => resolve({ kind: 'expired' }));
    signal.addEventListener(
      'abort',
      () => {
        timer[Symbol.dispose]();
        reject(new Error('no longer waiting', { cause: signal.reason }));
      },
      { once: true },
    );
  });
}

async function atTerminal(gate: OpenGate, decide: Decide, signal: AbortSignal): Promise<Waited> {
  const decision = await decide(gate, signal);
  if (decision !== undefined) return { kind: 'answered', decision };
  // They do not answer here; another wait ends this one, or the interrupt with which they left.
  signal.throwIfAborted();
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no longer waiting')), { once: true });
  });
}
