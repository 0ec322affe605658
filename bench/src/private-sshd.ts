import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startSshd } from '@cutover/test-support/sshd';

import { UnavailableError } from './figure.ts';

/** A private sshd on this machine, the same for us and for the ssh command. */
export interface PrivateSshd extends AsyncDisposable {
  readonly directory: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyFile: string;
  readonly knownHostsFile: string;
  /** The arguments of `ssh` that reach it, host included. */
  readonly sshArguments: readonly string[];
}

/** @param configuration further lines of its configuration. */
export async function startPrivateSshd(configuration: readonly string[] = []): Promise<PrivateSshd> {
  if (!existsSync('/usr/sbin/sshd'))
    throw new UnavailableError('sshd is not installed: apt-get install openssh-server');
  const sshd = await startSshd({ configuration });
  const { directory, hostKey } = sshd;
  const { port, user, privateKeyFile } = sshd.options;
  const knownHostsFile = join(directory, 'known_hosts');
  await writeFile(knownHostsFile, `[127.0.0.1]:${port} ${hostKey}\n`);
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    `IdentityFile=${privateKeyFile}`,
    `UserKnownHostsFile=${knownHostsFile}`,
    'StrictHostKeyChecking=yes',
  ].flatMap((option) => ['-o', option]);
  return {
    directory,
    port,
    user,
    privateKeyFile,
    knownHostsFile,
    sshArguments: ['-F', 'none', ...options, '-p', `${port}`, `${user}@127.0.0.1`],
    [Symbol.asyncDispose]: () => sshd[Symbol.asyncDispose](),
  };
}
