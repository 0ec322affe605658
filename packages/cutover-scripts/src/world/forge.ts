import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Host, HostConnectionError, localHost } from '@cutover/host';
import type { CutoverSettings, SshEndpoint } from '../config/schema.ts';
import type { Fence, FenceKey } from './fence.ts';
import { socksAddress } from './socks-address.ts';
import { fitsSocket, warmConnection } from './warm-connection.ts';

/** The git server: its repositories, and who may reach them. */
export interface Forge extends AsyncDisposable {
  /** Runs the forge's own commands, over ssh as its git user. */
  readonly host: Host;
  /** The environment that makes this machine's git reach it, host key verified. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  /** The git URL of a repository; a whole URL is returned as it is. */
  url(repository: string): string;
  /** Has this machine's git share one connection from here on, where the downtime would pay for each new one. */
  keepWarm(): Promise<void>;
  /** Whether it answers at all, over verified ssh. */
  answers(signal: AbortSignal): Promise<boolean>;
  /** Makes a private repository, or finds it there. */
  createRepository(name: string, signal: AbortSignal): Promise<void>;
  /** Who may push, and the way to take that from a host. */
  readonly fence: Fence;
}

/** @param stateDirectory where the list of the forge's host keys is kept for ssh. */
export async function openForge(
  settings: CutoverSettings['forge'],
  host: Host,
  stateDirectory: string,
): Promise<Forge> {
  const { ssh } = settings;
  const command = (template: readonly string[], names: Record<string, string>): string[] =>
    template.map((word) => word.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? `{${name}}`));
  const options = await sshOptions(ssh, stateDirectory);
  const socket = join(stateDirectory, 'forge.sock');
  const shared = fitsSocket(socket) ? [`ControlPath=${sshPath(socket)}`] : [];
  const here = localHost();
  const address = [...(ssh.port === 22 ? [] : ['-p', String(ssh.port)]), `${ssh.user}@${ssh.host}`];
  const warm = warmConnection(here, [...sshWords([...options, ...shared]), ...address], socket);
  return {
    host,
    gitEnvironment: {
      GIT_SSH_COMMAND: sshWords([...options, ...shared])
        // git reads this with a shell, so each word is quoted for one.
        .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
        .join(' '),
      GIT_TERMINAL_PROMPT: '0',
    },
    async keepWarm() {
      if (shared.length > 0) await warm.keep();
    },
    url: (repository) =>
      repository.includes(':')
        ? repository
        : `ssh://${ssh.user}@${ssh.host}${ssh.port === 22 ? '' : `:${ssh.port}`}${settings.root}/${repository}.git`,
    async answers(signal) {
      try {
        // A forge may well refuse this command; what counts is that its ssh server ran or refused it.
        await host.run(['true'], { reject: false, signal, timeout: 20_000 });
        return true;
      } catch (error) {
        if (error instanceof HostConnectionError) return false;
        throw error;
      }
    },
    async createRepository(repository, signal) {
      await host.run(command(settings.createRepository, { repository }), { signal });
    },
    fence: {
      async grant(name, publicKey, signal) {
        await host.run(command(settings.authorizeKey, { name }), { input: `${publicKey}\n`, signal });
      },
      async list(signal) {
        const { stdout } = await host.run(command(settings.listKeys, {}), { signal });
        return parseKeys(stdout);
      },
      async revoke(fingerprint, signal) {
        await host.run(command(settings.revokeKey, { fingerprint }), { signal });
      },
    },
    async [Symbol.asyncDispose]() {
      await warm[Symbol.asyncDispose]();
      await here[Symbol.asyncDispose]();
    },
  };
}

function sshWords(options: readonly string[]): string[] {
  return ['ssh', ...options.flatMap((option) => ['-o', option])];
}

async function sshOptions(ssh: CutoverSettings['forge']['ssh'], stateDirectory: string): Promise<string[]> {
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'IdentitiesOnly=yes'];
  options.push(
    `UserKnownHostsFile=${sshPath(ssh.knownHosts ?? (await knownHostsFile(ssh, stateDirectory)))}`,
  );
  options.push(`IdentityFile=${sshPath(ssh.privateKey)}`);
  if (ssh.socks5 !== undefined) options.push(...throughSocks(ssh.socks5));
  return options;
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
  { host, port, hostKeys = [] }: CutoverSettings['forge']['ssh'],
  stateDirectory: string,
): Promise<string> {
  const file = join(stateDirectory, 'known_hosts');
  const name = port === 22 ? host : `[${host}]:${port}`;
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  await writeFile(file, hostKeys.map((key) => `${name} ${key}\n`).join(''), { mode: 0o600 });
  return file;
}

function parseKeys(text: string): FenceKey[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, name, fingerprint] = /^(\S+) (SHA256:[A-Za-z0-9+/]+)$/.exec(line) ?? [];
      if (name === undefined || fingerprint === undefined)
        throw new Error(
          `forge.listKeys printed ${JSON.stringify(line)}, which is not NAME SHA256:FINGERPRINT`,
        );
      return { name, fingerprint };
    });
}
