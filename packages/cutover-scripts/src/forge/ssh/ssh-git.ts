import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SshEndpoint } from '../../config/schema.ts';
import { socksAddress } from '../../world/socks-address.ts';
import { quoteForSh } from '../quote-for-sh.ts';

/** @param stateDirectory where the list of the forge's host keys is kept for ssh. */
export async function sshGitEnvironment(
  ssh: SshEndpoint,
  stateDirectory: string,
): Promise<Record<string, string>> {
  return { GIT_SSH_COMMAND: await sshCommand(ssh, stateDirectory), GIT_TERMINAL_PROMPT: '0' };
}

/** The git URL of a repository below `root`; a whole URL is returned as it is. */
export function sshGitUrl(
  { user, host, port }: Pick<SshEndpoint, 'user' | 'host' | 'port'>,
  root: string,
  repository: string,
): string {
  if (repository.includes(':')) return repository;
  return `ssh://${user}@${host}${port === 22 ? '' : `:${port}`}${root}/${repository}.git`;
}

/** git reads this with a shell, so each word is quoted for one. */
async function sshCommand(ssh: SshEndpoint, stateDirectory: string): Promise<string> {
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'IdentitiesOnly=yes'];
  options.push(
    `UserKnownHostsFile=${sshPath(ssh.knownHosts ?? (await knownHostsFile(ssh, stateDirectory)))}`,
  );
  options.push(`IdentityFile=${sshPath(ssh.privateKey)}`);
  if (ssh.socks5 !== undefined) options.push(...throughSocks(ssh.socks5));
  const words = ['ssh', ...options.flatMap((option) => ['-o', option])];
  return words.map(quoteForSh).join(' ');
}

/** When the proxy dies nc stays, and ssh with it, unless ssh asks for a sign of life. */
function throughSocks(socks5: NonNullable<SshEndpoint['socks5']>): string[] {
  return [
    `ProxyCommand=nc -X 5 -x ${socksAddress(socks5)} %h %p`,
    'ServerAliveInterval=5',
    'ServerAliveCountMax=2',
    'ConnectTimeout=20',
  ];
}

/** A path as the value of an ssh option: ssh splits it at spaces unless it is quoted, and expands `%`. */
function sshPath(path: string): string {
  return `"${path.replaceAll(/[\\"]/g, String.raw`\$&`).replaceAll('%', '%%')}"`;
}

async function knownHostsFile(
  { host, port, hostKeys = [] }: SshEndpoint,
  stateDirectory: string,
): Promise<string> {
  const file = join(stateDirectory, 'known_hosts');
  const name = port === 22 ? host : `[${host}]:${port}`;
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  await writeFile(file, hostKeys.map((key) => `${name} ${key}\n`).join(''), { mode: 0o600 });
  return file;
}
