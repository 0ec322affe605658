import { type Host, HostConnectionError } from '@cutover/host';
import type { CutoverSettings } from '../config/schema.ts';
import type { Fence, FenceKey } from './fence.ts';
import { sshCommand } from './ssh-command.ts';

/** The git server: its repositories, and who may reach them. */
export interface Forge {
  /** Runs the forge's own commands, over ssh as its git user. */
  readonly host: Host;
  /** The environment that makes this machine's git reach it, host key verified. */
  readonly gitEnvironment: Readonly<Record<string, string>>;
  /** The git URL of a repository; a whole URL is returned as it is. */
  url(repository: string): string;
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
  return {
    host,
    gitEnvironment: {
      GIT_SSH_COMMAND: await sshCommand(ssh, stateDirectory),
      GIT_TERMINAL_PROMPT: '0',
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
  };
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
