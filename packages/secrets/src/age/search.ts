import { stat } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SecretsError } from '../errors.ts';
import { readFileBounded } from '../files/read-file.ts';
import { parseIdentities } from './identities.ts';
import type { AgeIdentity } from './identity.ts';

/** No identity file is larger. */
const maxBytes = 1024 * 1024;

/** Where identities are looked for, and what opens a file of them that is encrypted. */
export interface SearchOptions {
  /** The variables to look at; Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The home directory; Default: this user's. */
  readonly home?: string | undefined;
  /** Asked when an identity file is itself encrypted with a passphrase. */
  readonly passphrase?: ((file: string) => Promise<string>) | undefined;
  /** Told to key commands as `SOPS_AGE_RECIPIENT`. */
  readonly recipient?: string | undefined;
}

/**
 * Gathers identities from all the places where sops looks, in its order (`age/keysource.go`): ssh keys by variable,
 * by command and at home; then `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY_CMD` and the user's key file. A
 * place that is not there is passed over; one that is there and cannot be read is an error.
 *
 * @throws {SecretsError} `KEY_INVALID` naming the place, `NO_IDENTITY` for a key command that fails.
 *
 * @example
 * const file = 'secrets/app.yaml';
 * const { plaintext } = await decryptFile(await readFile(file), { file, identities: await findIdentities() });
 */
export async function findIdentities(options: SearchOptions = {}): Promise<AgeIdentity[]> {
  const { env = process.env, home = env['HOME'] ?? homedir() } = options;
  return [...(await sshPlaces(env, home, options)), ...(await agePlaces(env, home, options))];
}

/**
 * Reads an identity file, which may itself be encrypted with a passphrase.
 *
 * @throws {SecretsError} `NO_IDENTITY`, `KEY_INVALID`.
 */
export async function readIdentityFile(
  path: string,
  options: Pick<SearchOptions, 'passphrase'> = {},
): Promise<AgeIdentity[]> {
  const bytes = await readFileBounded(path, maxBytes).catch((error: unknown) => {
    const why = error instanceof SecretsError ? error.what : String(error);
    throw new SecretsError('NO_IDENTITY', `the identity file cannot be read: ${why}`, { file: path });
  });
  const text = bytes.toString('utf8');
  if (/^-----BEGIN (?:OPENSSH|RSA) PRIVATE KEY-----/m.test(text)) {
    const { sshIdentity } = await import('./ssh-identity.ts');
    return [sshIdentity(text, path)];
  }
  if (!text.startsWith('age-encryption.org/v1') && !text.startsWith('-----BEGIN AGE'))
    return parseIdentities(text, path);
  if (options.passphrase === undefined) {
    throw new SecretsError(
      'NO_IDENTITY',
      'the identity file is encrypted with a passphrase, and none can be asked for',
      {
        file: path,
      },
    );
  }
  const { openWithPassphrase } = await import('./library.ts');
  return parseIdentities(await openWithPassphrase(bytes, await options.passphrase(path), path), path);
}

async function sshPlaces(
  env: SearchOptions['env'] & object,
  home: string,
  options: SearchOptions,
): Promise<AgeIdentity[]> {
  const found: AgeIdentity[] = [];
  const named = env['SOPS_AGE_SSH_PRIVATE_KEY_FILE'];
  if (named !== undefined) found.push(...(await readIdentityFile(named)));
  const command = env['SOPS_AGE_SSH_PRIVATE_KEY_CMD'];
  if (command !== undefined) {
    const { sshIdentity } = await import('./ssh-identity.ts');
    found.push(
      sshIdentity(
        await output(command, 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', env, options),
        'SOPS_AGE_SSH_PRIVATE_KEY_CMD',
      ),
    );
  }
  for (const name of ['id_ed25519', 'id_rsa']) {
    const path = join(home, '.ssh', name);
    const text = (await ifThere(path))?.toString('utf8');
    if (text === undefined) continue;
    const { sshIdentity } = await import('./ssh-identity.ts');
    try {
      found.push(sshIdentity(text, path));
    } catch (error) {
      // A login key with a passphrase, or of a kind age does not know, was never meant for this.
      if (!(error instanceof SecretsError) || error.code !== 'UNSUPPORTED') throw error;
    }
  }
  return found;
}

async function agePlaces(
  env: SearchOptions['env'] & object,
  home: string,
  options: SearchOptions,
): Promise<AgeIdentity[]> {
  const found: AgeIdentity[] = [];
  const inline = env['SOPS_AGE_KEY'];
  // Here sops allows several on a line.
  if (inline !== undefined) found.push(...identitiesIn(inline.split(/[^\S\n]+/).join('\n'), 'SOPS_AGE_KEY'));
  const file = env['SOPS_AGE_KEY_FILE'];
  if (file !== undefined) found.push(...(await readIdentityFile(file, options)));
  const command = env['SOPS_AGE_KEY_CMD'];
  if (command !== undefined) {
    found.push(...identitiesIn(await output(command, 'SOPS_AGE_KEY_CMD', env, options), 'SOPS_AGE_KEY_CMD'));
  }
  const config = env['XDG_CONFIG_HOME'];
  const own = join(
    config === undefined || config === '' ? join(home, '.config') : config,
    'sops',
    'age',
    'keys.txt',
  );
  if ((await ifThere(own)) !== undefined) found.push(...(await readIdentityFile(own, options)));
  return found;
}

function identitiesIn(text: string, place: string): AgeIdentity[] {
  return text.trim() === '' ? [] : parseIdentities(text, place);
}

/** Runs a key command; its output is a secret, and so is never part of an error. */
async function output(
  command: string,
  place: string,
  env: SearchOptions['env'] & object,
  { recipient }: SearchOptions,
): Promise<string> {
  const [program = '', ...args] = splitWords(command);
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  const run = promisify(execFile);
  try {
    const extra = recipient === undefined ? {} : { SOPS_AGE_RECIPIENT: recipient };
    return (await run(program, args, { env: { ...env, ...extra }, maxBuffer: 1 << 20 })).stdout;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new SecretsError('NO_IDENTITY', `the key command failed (${code})`, { file: place });
  }
}

/** Splits a command as sops does: words, single and double quotes, backslashes; no shell. */
export function splitWords(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const match of command.matchAll(/\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gs)) {
    const [all, single, double, escaped, plain] = match;
    const text = single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain;
    if (text !== undefined) word = (word ?? '') + text;
    else if (all !== '' && word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

async function ifThere(path: string): Promise<Buffer | undefined> {
  try {
    await stat(path);
  } catch (error) {
    // Also below a home that is not a folder, such as /dev/null of a service's user.
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
  return readFileBounded(path, maxBytes);
}
