import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SshEndpoint, SshHop } from '../config/schema.ts';
import { quoteForSh } from '../forge/quote-for-sh.ts';
import { socksAddress } from './socks-address.ts';

/**
 * The words of the ssh command that goes to an endpoint by the same way as `connection` does: through its proxy and its jump hosts,
 * each with its own key, each host key verified. The address is not among them.
 *
 * @param stateDirectory where the list of the pinned host keys is kept for ssh.
 */
export async function sshWords(ssh: SshEndpoint, stateDirectory: string): Promise<string[]> {
  const known = join(stateDirectory, 'known_hosts');
  const hops = ssh.jump ?? [];
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const pinned = [...hops, ssh].flatMap((hop) => (hop.knownHosts === undefined ? knownLines(hop) : []));
  if (pinned.length > 0) await writeFile(known, [...new Set(pinned)].join(''), { mode: 0o600 });
  // The way to the first of them; from then on each is reached from the one before.
  let way = proxyCommand(ssh);
  for (const hop of hops) {
    const words = ['ssh', ...options(hop, known, way), '-p', String(hop.port), '-W', '[%h]:%p', '--'];
    way = [
      ...words.map((word) => (word === '[%h]:%p' ? word : quoteForSh(word.replaceAll('%', '%%')))),
      `${hop.user}@${hop.host}`,
    ].join(' ');
  }
  return ['ssh', ...options(ssh, known, way)];
}

function proxyCommand({ socks5, proxyCommand: command }: SshEndpoint): string | undefined {
  return socks5 === undefined ? command : `nc -X 5 -x ${socksAddress(socks5)} %h %p`;
}

function options(hop: SshHop, known: string, way: string | undefined): string[] {
  const named = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'IdentitiesOnly=yes',
    `UserKnownHostsFile=${sshPath(hop.knownHosts ?? known)}`,
    `IdentityFile=${sshPath(hop.privateKey)}`,
  ];
  // When what it goes through dies, ssh stays, unless it asks for a sign of life.
  if (way !== undefined)
    named.push(`ProxyCommand=${way}`, 'ServerAliveInterval=5', 'ServerAliveCountMax=2', 'ConnectTimeout=20');
  return named.flatMap((option) => ['-o', option]);
}

/** A path as the value of an ssh option: ssh splits it at spaces unless it is quoted, and expands `%`. */
export function sshPath(path: string): string {
  return `"${path.replaceAll(/[\\"]/g, String.raw`\$&`).replaceAll('%', '%%')}"`;
}

function knownLines({ host, port, hostKeys = [] }: SshHop): string[] {
  const name = port === 22 ? host : `[${host}]:${port}`;
  return hostKeys.map((key) => `${name} ${key}\n`);
}
