import { FileNotFoundError, type Host } from '@cutover/host';
import { generateKeyPair, identityFile, parseIdentities, recipientsOf } from '../age/identities.ts';
import { SecretsError } from '../errors.ts';
import { dirname } from 'node:path';

/** Where the bootstrap key is placed, and which one. */
export interface BootstrapKeyOptions {
  /** Absolute, on a durable file system of the host and outside the Nix store. */
  readonly path: string;
  /** The identity to place; default: a new one is made for the host. */
  readonly identity?: string | undefined;
  /** Replace a different key that is there. Files for only that key can then not be opened any more. */
  readonly replace?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a bootstrap key. `repaired`: its owner or mode was wrong. `replaced`: another key was there. */
export interface BootstrapKeyReport {
  readonly path: string;
  /** Whom files are encrypted for, so that this key opens them. */
  readonly recipient: string;
  readonly outcome: 'placed' | 'kept' | 'repaired' | 'replaced';
}

/**
 * Places the one age identity that opens all other secrets of a host: root's, mode 0400, durable. A key that is there
 * is kept; with another `identity` given that is a conflict, never a silent replacement.
 *
 * @throws {SecretsError} `BOOTSTRAP_KEY_CONFLICT` another key is there, `BOOTSTRAP_KEY_REFUSED` the place is not fit.
 */
export async function placeBootstrapKey(
  host: Host,
  options: BootstrapKeyOptions,
): Promise<BootstrapKeyReport> {
  const { path, identity, replace = false, signal } = options;
  const wanted = identity === undefined ? undefined : await onlyRecipient(identity);
  await checkPlace(host, path, signal);
  const found = await readKey(host, path, signal);
  const present = found === undefined ? undefined : await presentRecipient(found, host, path, replace);
  if (found !== undefined && present !== undefined && (wanted === undefined || wanted === present)) {
    const sound = await isPrivate(host, path, signal);
    if (!sound) await writeKey(host, path, found, signal);
    return { path, recipient: present, outcome: sound ? 'kept' : 'repaired' };
  }
  if (found !== undefined && !replace) {
    throw new SecretsError(
      'BOOTSTRAP_KEY_CONFLICT',
      `${path} holds the key of ${present ?? 'another recipient'}${wanted === undefined ? '' : `, not of ${wanted}`}; use that key, move the file away, or ask for it to be replaced`,
      { host: host.name },
    );
  }
  const pair = identity === undefined ? generateKeyPair() : undefined;
  await writeKey(
    host,
    path,
    Buffer.from(pair === undefined ? `${identity?.trim()}\n` : identityFile(pair)),
    signal,
  );
  return {
    path,
    recipient: pair?.recipient ?? wanted ?? '',
    outcome: found === undefined ? 'placed' : 'replaced',
  };
}

/**
 * Reads the identity of a host's bootstrap key into memory.
 *
 * @throws {SecretsError} `NO_IDENTITY`
 */
export async function readBootstrapIdentities(
  host: Host,
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ReturnType<typeof parseIdentities>> {
  const found = await readKey(host, path, options.signal);
  if (found === undefined) {
    throw new SecretsError('NO_IDENTITY', `no key was found at ${path}; place the bootstrap key first`, {
      host: host.name,
    });
  }
  return parseIdentities(Buffer.from(found).toString('utf8'), path);
}

async function onlyRecipient(identity: string): Promise<string> {
  const [recipient, ...more] = await recipientsOf(identity);
  if (recipient === undefined || more.length > 0) {
    throw new SecretsError('KEY_INVALID', 'the bootstrap identity must be exactly one age identity');
  }
  return recipient;
}

async function presentRecipient(
  found: Uint8Array,
  host: Host,
  path: string,
  replace: boolean,
): Promise<string | undefined> {
  try {
    return await onlyRecipient(Buffer.from(found).toString('utf8'));
  } catch (error) {
    if (replace && error instanceof SecretsError) return undefined;
    throw new SecretsError(
      'BOOTSTRAP_KEY_CONFLICT',
      `${path} holds something that is not one age identity`,
      { host: host.name },
      {
        cause: error,
      },
    );
  }
}

/** Refuses the Nix store, which everyone reads, and file systems that forget. */
async function checkPlace(host: Host, path: string, signal: AbortSignal | undefined): Promise<void> {
  const refuse = (why: string): SecretsError =>
    new SecretsError(
      'BOOTSTRAP_KEY_REFUSED',
      `${path}: ${why}; choose a path such as /var/lib/cutover/age-key.txt`,
      { host: host.name },
    );
  if (!path.startsWith('/') || path.split('/').some((part) => part === '..'))
    throw refuse('not an absolute path');
  if (path.startsWith('/nix/store/')) throw refuse('the Nix store is readable by everyone');
  const options = signal === undefined ? {} : { signal };
  const directory = dirname(path);
  await host.run(['mkdir', '-p', '-m', '0700', directory], options);
  const { stdout } = await host.run(['stat', '-f', '-c', '%T', directory], options);
  if (['tmpfs', 'ramfs'].includes(stdout.trim()))
    throw refuse(`it is on a ${stdout.trim()}, gone after a reboot`);
  const { stdout: facts } = await host.run(['stat', '-c', '%u %a %F', directory], options);
  const [owner, mode = '', ...kind] = facts.trim().split(' ');
  if (owner !== '0' || kind.join(' ') !== 'directory') throw refuse("its directory is not root's own");
  if ((Number.parseInt(mode, 8) & 0o022) !== 0)
    throw refuse(`others can write to its directory (mode ${mode}), so they could replace it`);
}

async function readKey(
  host: Host,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await host.readFile(path, { maxBytes: 64 * 1024, ...(signal && { signal }) });
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  }
}

async function isPrivate(host: Host, path: string, signal: AbortSignal | undefined): Promise<boolean> {
  const { stdout } = await host.run(
    ['stat', '-c', '%u %g %a %F', path],
    signal === undefined ? {} : { signal },
  );
  return stdout.trim() === '0 0 400 regular file';
}

async function writeKey(
  host: Host,
  path: string,
  content: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  await host.writeFile(path, content, { mode: 0o400, owner: 0, group: 0, ...(signal && { signal }) });
}
