import type { Host } from '@cutover/host';
import { CutoverError } from '../errors.ts';
import { readTextSource, type TextSource } from '../world/text-source.ts';

/** No token can be had where the config says. Nothing was asked of the forge. */
export class TokenError extends CutoverError {
  override readonly name = 'TokenError';
  readonly code = 'FORGE_TOKEN';

  constructor(problem: string, options?: ErrorOptions) {
    super(`forge.token: ${problem}`, options);
  }
}

/** Reads the token; it is kept nowhere. @throws {TokenError} there is none. */
export async function readToken(source: TextSource, here: Host, signal: AbortSignal): Promise<string> {
  const found = await readTextSource(source, here, signal);
  if ('problem' in found) throw new TokenError(found.problem, { cause: found.cause });
  const token = found.text.trim();
  if (token === '') throw new TokenError(`${found.where} gives nothing`);
  // What it holds is never shown.
  if (!/^[\x21-\x7E]+$/.test(token))
    throw new TokenError(`${found.where} gives more than one word; it must be the token alone`);
  return token;
}
