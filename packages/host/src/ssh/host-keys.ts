import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { isErrno } from '@cutover/foundation/errno';
import { HostConnectionError, HostOptionError } from '@cutover/host-contract';

import { findKnownHosts, type KnownHost, knownHostsName } from './known-hosts.ts';
import type { SshHostOptions } from './options.ts';

/** Which keys a host may show. */
export interface HostKeyPolicy {
  /** The types of the keys we know, e.g. `ssh-ed25519`: to be asked for first, else the host may show another one. */
  readonly types: readonly string[];
  /** Whether the right key may be of any type: a fingerprint does not tell it, so the host is asked for one after another. */
  readonly anyType: boolean;
  /** Why the key a host showed (as in its public key file, decoded) is refused, or `undefined`: it is the right one. */
  refuse(shown: Buffer): HostConnectionError | undefined;
}

/** `SHA256:…`, as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** @throws {HostOptionError} a pinned key is neither a public key nor a fingerprint, or there is none. */
export async function readHostKeyPolicy(host: string, options: SshHostOptions): Promise<HostKeyPolicy> {
  if (options.hostKeys !== undefined) return pinnedPolicy(host, options.hostKeys);
  return await knownHostsPolicy(host, options);
}

function pinnedPolicy(host: string, hostKeys: readonly string[]): HostKeyPolicy {
  if (hostKeys.length === 0) throw new HostOptionError(host, 'hostKeys', `it is empty: ${hostKeyForms}`);
  const keys = hostKeys.map((text) => parseHostKey(host, text));
  const accepted = new Set(keys.map((key) => key.fingerprint));
  return {
    types: keys.flatMap(({ type }) => type ?? []),
    anyType: keys.some(({ type }) => type === undefined),
    refuse: (shown) => {
      const seen = fingerprint(shown);
      if (accepted.has(seen)) return undefined;
      return mismatch(
        host,
        `showed the key ${seen}, but only ${[...accepted].join(', ')} is pinned in hostKeys`,
      );
    },
  };
}

const hostKeyForms = 'give public keys ("ssh-ed25519 AAAA…") or fingerprints ("SHA256:…")';

function parseHostKey(host: string, text: string): { type: string | undefined; fingerprint: string } {
  const [first = '', second] = text.trim().split(/\s+/);
  if (/^SHA256:[\w+/]{43}=?$/.test(first)) return { type: undefined, fingerprint: first.replace(/=$/, '') };
  const key = Buffer.from(second ?? '', 'base64');
  if (key.length === 0 || keyType(key) !== first) {
    throw new HostOptionError(host, 'hostKeys', `${JSON.stringify(text)} is neither: ${hostKeyForms}`);
  }
  return { type: first, fingerprint: fingerprint(key) };
}

async function knownHostsPolicy(host: string, options: SshHostOptions): Promise<HostKeyPolicy> {
  const { port = 22, hostKeyAlias } = options;
  const name = hostKeyAlias?.toLowerCase() ?? knownHostsName(options.host, port);
  const files = [
    options.knownHostsFile ?? [join(homedir(), '.ssh/known_hosts'), '/etc/ssh/ssh_known_hosts'],
  ].flat();
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readIfThere(host, file) })));
  const named = (wanted: string): (KnownHost & { readonly file: string })[] =>
    texts.flatMap(({ file, text }) => findKnownHosts(text, wanted).map((entry) => ({ ...entry, file })));
  const exact = named(name);
  const plain = port === 22 || hostKeyAlias !== undefined ? [] : named(knownHostsName(options.host, 22));
  // As OpenSSH does: a line without a port is about all ports, where no line has this one. It says what is revoked in any case.
  const entries = exact.some(({ marker }) => marker !== '@revoked')
    ? [...exact, ...plain.filter(({ marker }) => marker === '@revoked')]
    : [...exact, ...plain];
  const keys = entries.filter(({ marker }) => marker === undefined);

  return {
    types: [...new Set(keys.map(({ type }) => type))],
    anyType: false,
    refuse: (shown) => {
      const seen = fingerprint(shown);
      const same = entries.filter(({ key }) => key.equals(shown));
      const revoked = same.find(({ marker }) => marker === '@revoked');
      if (revoked !== undefined) {
        return mismatch(
          host,
          `showed the key ${seen}, which ${revoked.file}:${revoked.line} marks as revoked`,
        );
      }
      if (same.some(({ marker }) => marker === undefined)) return undefined;
      const other = keys[0];
      if (other !== undefined) {
        const known = `${fingerprint(other.key)} (${other.type}, ${other.file}:${other.line})`;
        return mismatch(host, `showed the key ${seen}, but ${known} is known for ${name}`);
      }
      const authority = entries.find(({ marker }) => marker === '@cert-authority');
      const why =
        authority === undefined
          ? `no key is known for ${name} in ${files.join(', ')}`
          : `${authority.file}:${authority.line} trusts a certificate authority, which needs client: 'openssh'`;
      return new HostConnectionError(
        'HOST_KEY_UNKNOWN',
        host,
        `${host} showed the key ${seen} (${keyType(shown)}), but ${why}. ` +
          'Compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host itself, then add it to ' +
          'known_hosts or to hostKeys.',
      );
    },
  };
}

function mismatch(host: string, what: string): HostConnectionError {
  return new HostConnectionError(
    'HOST_KEY_MISMATCH',
    host,
    `${host} ${what}. Either the host was reinstalled, or another machine answers in its place. Compare with ` +
      '`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host itself before you replace the key that is known.',
  );
}

/** A key begins with the length of its type's name, and the name (RFC 4253, 6.6). */
export function keyType(key: Buffer): string {
  return key.length < 4 ? '' : key.toString('latin1', 4, 4 + key.readUInt32BE(0));
}

async function readIfThere(host: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    const why = error instanceof Error ? error.message : String(error);
    throw new HostOptionError(host, 'knownHostsFile', `${file} cannot be read (${why})`, { cause: error });
  }
}
