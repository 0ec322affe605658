import { readFile } from 'node:fs/promises';

import { HostConnectionError, HostOptionError } from '@cutover/host-contract';

import type { SshHostOptions } from './options.ts';

/** What ssh2 is given to authenticate with: public keys only, in the order agent, key. */
export interface Credentials {
  readonly privateKey?: Buffer;
  readonly passphrase?: string;
  readonly agent?: string;
  readonly authHandler: ('agent' | 'publickey')[];
}

/**
 * @throws {HostOptionError} there is nothing to authenticate with.
 * @throws {HostConnectionError} the private key cannot be read.
 */
export async function authentication(name: string, options: SshHostOptions): Promise<Credentials> {
  const { agent, passphrase } = options;
  const privateKey = await readPrivateKey(name, options);
  if (agent === undefined && privateKey === undefined) {
    const what = 'give a privateKeyFile, a privateKey or an agent: there is nothing to authenticate with';
    throw new HostOptionError(name, 'privateKeyFile', what);
  }
  return {
    ...(agent !== undefined && { agent }),
    ...(privateKey !== undefined && { privateKey }),
    ...(passphrase !== undefined && { passphrase }),
    authHandler: [
      ...(agent === undefined ? [] : (['agent'] as const)),
      ...(privateKey === undefined ? [] : (['publickey'] as const)),
    ],
  };
}

async function readPrivateKey(
  name: string,
  { privateKey, privateKeyFile, passphrase }: SshHostOptions,
): Promise<Buffer | undefined> {
  if (privateKeyFile === undefined && privateKey === undefined) return undefined;
  try {
    const key = privateKeyFile === undefined ? Buffer.from(privateKey ?? '') : await readFile(privateKeyFile);
    const { default: ssh2 } = await import('ssh2');
    const parsed = ssh2.utils.parseKey(key, passphrase);
    if (parsed instanceof Error) throw parsed;
    return key;
  } catch (error) {
    const what = privateKeyFile ?? 'privateKey';
    const why = error instanceof Error ? error.message : String(error);
    throw new HostConnectionError(
      'AUTHENTICATION_FAILED',
      name,
      `${what} is not a private key that can be used (${why})`,
      {
        cause: error,
      },
    );
  }
}
