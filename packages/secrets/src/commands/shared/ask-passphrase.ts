import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { SecretsError } from '../../errors.ts';

/** Asks on the terminal without showing what is typed. */
export async function askPassphrase(file: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new SecretsError(
      'NO_IDENTITY',
      'the identity file is encrypted with a passphrase, and this is no terminal',
      { file },
    );
  }
  process.stderr.write(`Passphrase of ${file}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await prompt.question('');
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}
