import { SecretsError } from '../../errors.ts';
import { askHidden } from './ask-hidden.ts';

/** Asks for the passphrase of an identity file. */
export async function askPassphrase(file: string): Promise<string> {
  if (!process.stdin.isTTY) {
    const what = 'the identity file is encrypted with a passphrase, and standard input is not a terminal';
    throw new SecretsError('NO_IDENTITY', what, { file });
  }
  return askHidden(`Passphrase of ${file}: `);
}
