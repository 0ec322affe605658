import { readFile } from 'node:fs/promises';

import type { OpenSSHAgent, ParsedKey } from 'ssh2';

import { bestSignature } from './rsa-signatures.ts';

/**
 * An agent with the keys that are to be tried, an RSA key with SHA-512 before ssh2's own choice.
 *
 * @param files of all its keys only those of these files: of `FILE.pub`, or the public key that FILE itself is.
 */
export async function agentKeys(socket: string, files?: readonly string[]): Promise<OpenSSHAgent> {
  const { default: ssh2 } = await import('ssh2');
  const wanted = files === undefined ? undefined : await publicKeysOf(files);
  const agent = new ssh2.OpenSSHAgent(socket);
  const all = agent.getIdentities.bind(agent);
  const sign = agent.sign.bind(agent);
  const owners = new Map<unknown, ParsedKey>();
  agent.getIdentities = (done) => {
    all((error, keys) => {
      const parsed = keys
        ?.filter((key): key is ParsedKey => typeof key === 'object' && 'getPublicSSH' in key)
        .filter((key) => wanted?.has(key.getPublicSSH().toString('base64')) ?? true);
      const first = parsed?.map((key) => {
        const best = bestSignature(key);
        owners.set(best, key);
        return best;
      });
      done(error, first && [...first, ...(parsed ?? []).filter((key) => !first.includes(key))]);
    });
  };
  agent.sign = ((key: ParsedKey, data: Buffer, options: object, done: () => void) => {
    const owner = owners.get(key) ?? key;
    sign(owner, data, owner === key ? options : { ...options, hash: 'sha512' }, done);
  }) as typeof agent.sign;
  return agent;
}

async function publicKeysOf(files: readonly string[]): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(
    files
      .flatMap((file) => [`${file}.pub`, file])
      .map(async (file) => await readFile(file, 'utf8').catch(() => '')),
  );
  return new Set(texts.map((text) => text.split(' ')[1] ?? ''));
}
