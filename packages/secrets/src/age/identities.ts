import { SecretsError } from '../errors.ts';
import { decodeBech32 } from './bech32.ts';
import type { AgeIdentity, PluginIdentity } from './identity.ts';
import { generateX25519, x25519Identity } from './x25519.ts';

/** A generated key pair. `identity` is a secret. */
export interface KeyPair {
  readonly identity: string;
  readonly recipient: string;
}

/**
 * Makes an X25519 key pair.
 *
 * @example
 * const pair = generateKeyPair();
 * await host.writeFile('/root/key.txt', identityFile(pair), { mode: 0o400 });
 */
export function generateKeyPair(): KeyPair {
  const identity = generateX25519();
  return { identity, recipient: x25519Identity(identity).recipient };
}

/** The text of an identity file for a key pair, as `age-keygen` writes it. */
export function identityFile({ identity, recipient }: KeyPair, created: Date = new Date()): string {
  return `# created: ${created.toISOString().slice(0, 19)}Z\n# public key: ${recipient}\n${identity}\n`;
}

/**
 * Reads an identity file: one identity a line, empty lines and `#` comments skipped. Those of plugins are kept, so that
 * what they alone could open is `NEEDS_SOPS`.
 *
 * @throws {SecretsError} `KEY_INVALID` naming the line and never what is on it, `NO_IDENTITY` when there is none.
 */
export function parseIdentities(text: string, file?: string): AgeIdentity[] {
  const identities = identityLines(text).map(({ value, line }) => parseIdentity(value, file, line));
  if (identities.length === 0)
    throw new SecretsError('NO_IDENTITY', 'the file holds no age identity', { file });
  return identities;
}

/**
 * The recipients of the identities in a file, in order.
 *
 * @throws {SecretsError} `KEY_INVALID`
 */
export async function recipientsOf(text: string, file?: string): Promise<string[]> {
  const recipients: string[] = [];
  for (const { value, line } of identityLines(text)) {
    if (/^AGE-SECRET-KEY-1/i.test(value))
      recipients.push(checked(() => x25519Identity(value), file, line).recipient);
    else {
      const { identityToRecipient } = await import('age-encryption');
      try {
        recipients.push(await identityToRecipient(value));
      } catch {
        throw new SecretsError('KEY_INVALID', 'not an age identity of a known kind', { file, line });
      }
    }
  }
  return recipients;
}

function identityLines(text: string): { value: string; line: number }[] {
  return text
    .split(/\r?\n/)
    .map((value, index) => ({ value: value.trim(), line: index + 1 }))
    .filter(({ value }) => value !== '' && !value.startsWith('#'));
}

function parseIdentity(value: string, file: string | undefined, line: number): AgeIdentity {
  if (/^AGE-SECRET-KEY-1/i.test(value)) return checked(() => x25519Identity(value), file, line);
  if (/^AGE-SECRET-KEY-PQ-1/i.test(value)) {
    checked(() => decodeBech32(value), file, line);
    return { reveal: () => value.toUpperCase() };
  }
  if (/^AGE-PLUGIN-/i.test(value))
    return pluginIdentity(checked(() => decodeBech32(value), file, line).prefix);
  throw new SecretsError('KEY_INVALID', 'not an age identity of a known kind', { file, line });
}

function pluginIdentity(prefix: string): PluginIdentity {
  return { plugin: prefix.replace(/^age-plugin-|-$/g, ''), unwrapFileKey: () => null };
}

function checked<T>(make: () => T, file: string | undefined, line: number): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new SecretsError(error.code, error.what, { file, line });
  }
}
