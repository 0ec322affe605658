import { readFile } from 'node:fs/promises';

import type { SshHostOptions } from './options.ts';

/** What ssh2 is given to authenticate with: public keys only, in the order agent, key. */
export interface Credentials {
  readonly privateKey?: Buffer;
  readonly passphrase?: string;
  readonly agent?: string;
  readonly authHandler: ('agent' | 'publickey')[];
}

/** @throws {TypeError} there is nothing to authenticate with. */
export async function authentication(options: SshHostOptions): Promise<Credentials> {
  const { agent, passphrase, privateKeyFile } = options;
  const privateKey = privateKeyFile === undefined ? options.privateKey : await readFile(privateKeyFile);
  if (agent === undefined && privateKey === undefined) {
    throw new TypeError('sshHost needs one of privateKey, privateKeyFile and agent');
  }
  return {
    ...(agent !== undefined && { agent }),
    ...(privateKey !== undefined && { privateKey: Buffer.from(privateKey) }),
    ...(passphrase !== undefined && { passphrase }),
    authHandler: [
      ...(agent === undefined ? [] : (['agent'] as const)),
      ...(privateKey === undefined ? [] : (['publickey'] as const)),
    ],
  };
}
