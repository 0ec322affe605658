import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

import { UsageError } from '@cutover/foundation/usage-error';

/** Asks on the terminal, without showing what is typed. @throws {UsageError} there is no terminal. */
export async function askPassword(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError('--ask-sudo-password needs a terminal to ask on');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  // Not before the terminal has ceased to show what is typed: an answer may come at once.
  process.stderr.write(question);
  try {
    return await reader.question('');
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}
