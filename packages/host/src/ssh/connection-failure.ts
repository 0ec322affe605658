import { access } from 'node:fs/promises';

import { HostConnectionError, HostError } from '@cutover/host-contract';

import { keyFiles } from './authentication.ts';
import type { ResolvedOptions } from './ssh-config.ts';

/** Why there is no connection, and what to do about it. */
export async function connectionFailure(
  name: string,
  options: ResolvedOptions,
  error: unknown,
  agentError: Error | undefined,
): Promise<unknown> {
  if (error instanceof HostError) return error;
  const { host, port = 22, user } = options;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'level' in error && error.level === 'client-authentication') {
    const agent = agentError === undefined ? '' : `, and the agent cannot be asked (${agentError.message})`;
    const what = `${host}:${port} accepted none of our keys for ${user}: add the public key to its authorized_keys${agent}`;
    const certificates = await certificatesBeside(keyFiles(options));
    const instead =
      certificates.length === 0
        ? ''
        : `; ${certificates.join(', ')} was not shown, for ssh2 has no certificates: log in with it by the system's ssh (client: 'openssh')`;
    return new HostConnectionError('AUTHENTICATION_FAILED', name, what + instead, { cause: error });
  }
  if (message.includes('Too many authentication failures')) {
    const what = `${host}:${port} refused as many of our keys for ${user} as it lets be tried: name the right one (privateKeyFile), or fewer`;
    return new HostConnectionError('AUTHENTICATION_FAILED', name, what, { cause: error });
  }
  const missing = /^Handshake failed: no matching (.*)$/.exec(message)?.[1];
  const instead =
    missing === undefined
      ? ''
      : `; connect by the system's ssh (client: 'openssh'), or allow another ${missing} there`;
  const what = `cannot connect to ${host}:${port} (${message})${instead}`;
  return new HostConnectionError('CONNECTION_FAILED', name, what, { cause: error });
}

/** Where OpenSSH looks for the certificate of a key by itself. */
async function certificatesBeside(keys: readonly string[]): Promise<readonly string[]> {
  const files = keys.map((key) => `${key}-cert.pub`);
  const there = await Promise.all(
    files.map(
      async (file) =>
        await access(file).then(
          () => true,
          () => false,
        ),
    ),
  );
  return files.filter((_file, index) => there[index]);
}
