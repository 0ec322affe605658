import { ask } from './ask.ts';

/** Asks on the terminal without showing what is typed. */
export async function askHidden(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const { Writable } = await import('node:stream');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true });
  // Only now: the terminal echoes what is typed before it was taken over.
  process.stderr.write(question);
  try {
    return await ask(prompt, '');
  } finally {
    process.stderr.write('\n');
  }
}
