import { readFile } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';
import type { Host } from '@cutover/host';
import { CutoverError } from '../errors.ts';

/** Where a token comes from: a file, or a command that prints it. */
export type TokenSource = string | { readonly command: readonly string[] };

/** No token can be had where the config says. Nothing was asked of the forge. */
export class TokenError extends CutoverError {
  override readonly name = 'TokenError';
  readonly code = 'FORGE_TOKEN';

  constructor(problem: string, options?: ErrorOptions) {
    super(`forge.token: ${problem}`, options);
  }
}

/** Reads the token; it is kept nowhere. @throws {TokenError} there is none. */
export async function readToken(source: TokenSource, here: Host, signal: AbortSignal): Promise<string> {
  const text =
    typeof source === 'string' ? await fromFile(source) : await fromCommand(source.command, here, signal);
  const token = text.trim();
  const from = typeof source === 'string' ? source : `the command ${source.command[0] ?? ''}`;
  if (token === '') throw new TokenError(`${from} gives nothing`);
  // What it holds is never shown.
  if (!/^[\x21-\x7E]+$/.test(token))
    throw new TokenError(`${from} gives more than one word; it must be the token alone`);
  return token;
}

async function fromFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'EISDIR'))
      throw new TokenError(`${file} cannot be read (${error.code})`, { cause: error });
    throw error;
  }
}

/** What it writes to standard error is not shown either: some programs write what they print there too. */
async function fromCommand(argv: readonly string[], here: Host, signal: AbortSignal): Promise<string> {
  const { exitCode, stdout } = await here.run(argv, { reject: false, timeout: 30_000, signal });
  if (exitCode !== 0)
    throw new TokenError(
      `the command ${argv[0] ?? ''} ended with ${exitCode ?? 'a signal'}; run it by hand to see why`,
    );
  return stdout;
}
