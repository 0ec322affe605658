import { readFile } from 'node:fs/promises';

import type { OpenSSHAgent } from 'ssh2';

/** An agent that has only the keys of these files: of `FILE.pub`, or of the public key that FILE itself is. */
export async function agentWithKeys(socket: string, files: readonly string[]): Promise<OpenSSHAgent> {
  const { default: ssh2 } = await import('ssh2');
  const texts = await Promise.all(
    files
      .flatMap((file) => [`${file}.pub`, file])
      .map(async (file) => await readFile(file, 'utf8').catch(() => '')),
  );
  const wanted = new Set(texts.map((text) => text.split(' ')[1] ?? ''));
  const agent = new ssh2.OpenSSHAgent(socket);
  const all = agent.getIdentities.bind(agent);
  agent.getIdentities = (done) => {
    all((error, keys) => {
      done(
        error,
        keys?.filter((key) => 'getPublicSSH' in key && wanted.has(key.getPublicSSH().toString('base64'))),
      );
    });
  };
  return agent;
}
