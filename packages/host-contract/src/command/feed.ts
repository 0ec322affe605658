import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import type { RunOptions } from '../host.ts';

/** Milliseconds for which a source that never waits may have the event loop, before timers and sockets get their turn. */
const turn = 50;

/** Writes `input` and end of file. A command that stops reading is no error; a source that fails is. */
export async function feed(stdin: Writable, input: RunOptions['input']): Promise<void> {
  if (input === undefined || typeof input === 'string' || input instanceof Uint8Array) {
    stdin.end(input ?? '');
    return;
  }
  let since = performance.now();
  for await (const chunk of input) {
    if (!stdin.writable) return;
    if (!stdin.write(chunk)) await drained(stdin);
    if (performance.now() - since < turn) continue;
    await setImmediate();
    since = performance.now();
  }
  stdin.end();
}

async function drained(stdin: Writable): Promise<void> {
  const done = new AbortController();
  const settled = { signal: done.signal };
  await Promise.allSettled([Promise.race([once(stdin, 'drain', settled), once(stdin, 'close', settled)])]);
  done.abort();
}
