import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HostOptionError } from '@cutover/host-contract';

import type { SshHostOptions } from '../ssh/options.ts';

/** A folder of ours for the control socket, and what `ssh` is told of the connection. */
export interface SshArguments {
  readonly folder: string;
  readonly socket: string;
  /** The options of the connection; the destination follows. */
  readonly options: readonly string[];
}

/** @throws {HostOptionError} an option has no counterpart in OpenSSH. */
export async function sshArguments(name: string, options: SshHostOptions): Promise<SshArguments> {
  for (const [option, instead] of [
    ['privateKey', 'give a privateKeyFile, or add the key to an agent'],
    ['passphrase', 'add the key to an agent'],
    ['answer', 'ssh is not asked here: add a key to an agent'],
    ['jump', 'say ProxyJump in ssh’s configuration (config)'],
  ] as const) {
    if (options[option] !== undefined)
      throw new HostOptionError(name, option, `ssh cannot be given it; ${instead}`);
  }
  const { proxy, config = false } = options;
  if (proxy !== undefined && !('command' in proxy))
    throw new HostOptionError(name, 'proxy', 'ssh needs a command, e.g. nc -X 5 -x HOST:PORT %h %p');

  // Short, for the path of a socket may have 108 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'cutover-'));
  const settings = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    ControlPersist: 'no',
    ConnectTimeout: String(Math.ceil((options.connectTimeout ?? 20_000) / 1_000)),
    ServerAliveInterval: String(Math.ceil((options.keepAliveInterval ?? 10_000) / 1_000)),
    ServerAliveCountMax: String(options.keepAliveCount ?? 3),
    ...(await hostKeySettings(name, folder, options)),
    ...(options.agent === undefined ? {} : { IdentityAgent: quoted(options.agent) }),
    ...(proxy === undefined ? {} : { ProxyCommand: proxy.command }),
  };
  return {
    folder,
    socket: join(folder, 's'),
    options: [
      ...(config === true ? [] : ['-F', config === false ? 'none' : config]),
      ...Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
      ...[options.privateKeyFile ?? []].flat().flatMap((file) => ['-i', file]),
      ...(options.port === undefined ? [] : ['-p', String(options.port)]),
      ...(options.user === undefined ? [] : ['-l', options.user]),
    ],
  };
}

async function hostKeySettings(
  name: string,
  folder: string,
  { hostKeys, knownHostsFile, hostKeyAlias }: SshHostOptions,
): Promise<Readonly<Record<string, string>>> {
  const alias = hostKeyAlias === undefined ? {} : { HostKeyAlias: hostKeyAlias };
  if (hostKeys === undefined) {
    if (knownHostsFile === undefined) return alias;
    const files = [knownHostsFile].flat().map(quoted).join(' ');
    return { ...alias, UserKnownHostsFile: files, GlobalKnownHostsFile: '/dev/null' };
  }
  if (hostKeys.length === 0 || hostKeys.some((key) => key.trim().startsWith('SHA256:'))) {
    throw new HostOptionError(name, 'hostKeys', 'ssh needs whole public keys ("ssh-ed25519 AAAA…")');
  }
  const pinned = join(folder, 'known_hosts');
  await writeFile(pinned, hostKeys.map((key) => `pinned ${key.trim()}\n`).join(''), { mode: 0o600 });
  return { HostKeyAlias: 'pinned', UserKnownHostsFile: quoted(pinned), GlobalKnownHostsFile: '/dev/null' };
}

/** ssh splits at spaces and expands `%`. */
function quoted(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}
