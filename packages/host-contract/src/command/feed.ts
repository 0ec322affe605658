import { once } from 'node:events';
import type { Writable } from 'node:stream';

import type { RunOptions } from '../host.ts';

/** Writes `input` and end of file. A command that stops reading is no error; a source that fails is. */
export async function feed(stdin: Writable, input: RunOptions['input']): Promise<void> {
  if (input === undefined || typeof input === 'string' || input instanceof Uint8Array) {
    stdin.end(input ?? '');
    return;
  }
  for await (const chunk of input) {
    if (!stdin.writable) return;
    if (!stdin.write(chunk)) await drained(stdin);
  }
  stdin.end();
}

async function drained(stdin: Writable): Promise<void> {
  const done = new AbortController();
  const settled = { signal: done.signal };
  await Promise.allSettled([Promise.race([once(stdin, 'drain', settled), once(stdin, 'close', settled)])]);
  done.abort();
}
