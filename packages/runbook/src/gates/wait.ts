import { on } from 'node:events';
import { watch } from 'node:fs';
import { type Decide, type Decision, type Found, type OpenGate, takeAnswer } from './answer.ts';

/** What became of waiting for an answer. */
export type Waited =
  | { readonly kind: 'answered'; readonly decision: Decision }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'expired' };

/**
 * Waits until the gate is answered, at the terminal (`decide`) or by a file that another process leaves in `directory`,
 * or until it expires.
 *
 * @throws the reason of `signal` when that aborts.
 */
export async function waitForAnswer(
  gate: OpenGate,
  directory: string,
  decide: Decide | undefined,
  signal: AbortSignal,
): Promise<Waited> {
  signal.throwIfAborted();
  const ended = new AbortController();
  const relay = (): void => ended.abort(signal.reason);
  signal.addEventListener('abort', relay, { once: true });
  const waits = [answerLeft(gate, directory, ended.signal), expiry(gate, ended.signal)];
  if (decide !== undefined) waits.push(atTerminal(gate, decide, ended.signal));
  try {
    return await Promise.race(waits);
  } finally {
    signal.removeEventListener('abort', relay);
    ended.abort();
    await Promise.allSettled(waits);
  }
}

async function answerLeft(gate: OpenGate, directory: string, signal: AbortSignal): Promise<Waited> {
  const watcher = watch(directory);
  try {
    // The watch stands before the first look: an answer left between them is not missed.
    const changes = on(watcher, 'change', { signal });
    let waited = waitedFor(await takeAnswer(directory, gate));
    while (waited === undefined) {
      await changes.next();
      waited = waitedFor(await takeAnswer(directory, gate));
    }
    return waited;
  } finally {
    watcher.close();
  }
}

function waitedFor(found: Found): Waited | undefined {
  if (found === undefined) return undefined;
  if ('refused' in found) return { kind: 'refused', reason: found.refused };
  const { decision, by, note } = found.answer;
  return { kind: 'answered', decision: { decision, by, note } };
}

async function expiry(gate: OpenGate, signal: AbortSignal): Promise<Waited> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => resolve({ kind: 'expired' }),
      Math.max(0, Date.parse(gate.expires) - Date.now()),
    );
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(new Error('no longer waiting', { cause: signal.reason }));
      },
      { once: true },
    );
  });
}

async function atTerminal(gate: OpenGate, decide: Decide, signal: AbortSignal): Promise<Waited> {
  const decision = await decide(gate, signal);
  if (decision !== undefined) return { kind: 'answered', decision };
  // They do not answer here; another wait ends this one.
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no longer waiting')), { once: true });
  });
}
