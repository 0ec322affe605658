import { type Host, HostConnectionError, sshHost } from '@cutover/host';
import type { CutoverSettings } from '../../config/schema.ts';
import { bad, good } from '../../preflight/check.ts';
import type { FenceKey } from '../../world/fence.ts';
import type { Forge } from '../../world/forge.ts';
import { sshConnection } from '../../world/ssh-connection.ts';
import { type ForgeSettings, type OpenForgeOptions, rigRepositories } from '../settings.ts';
import { sshGit, sshGitUrl } from './ssh-git.ts';

type Settings = Extract<CutoverSettings['forge'], { type: 'ssh' }>;

/** Git over ssh, with commands that its git user runs: one key of a host is let into all repositories. */
export async function openSshForge(
  settings: Settings,
  rig: Omit<ForgeSettings, 'forge'>,
  options: OpenForgeOptions,
): Promise<Forge> {
  const { ssh } = settings;
  const host = sshHost({ name: ssh.host, ...sshConnection(ssh) });
  const urlOf = (repository: string): string => sshGitUrl(ssh, settings.root, repository);
  const git = await sshGit(ssh, rigRepositories(rig).map(urlOf), options);
  const command = (template: readonly string[], names: Record<string, string>): string[] =>
    template.map((word) => word.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? `{${name}}`));
  const list = async (signal: AbortSignal): Promise<FenceKey[]> => {
    const { stdout } = await host.run(command(settings.listKeys, {}), { signal });
    return parseKeys(stdout);
  };
  return {
    name: ssh.host,
    gitEnvironment: git.environment,
    keepWarm: () => git.keepWarm(),
    url: urlOf,
    answers: (signal) => answersSsh(host, signal),
    async createRepository(repository, signal) {
      await host.run(command(settings.createRepository, { repository }), { signal });
    },
    fence: {
      async grant(name, publicKey, signal) {
        await host.run(command(settings.authorizeKey, { name }), { input: `${publicKey}\n`, signal });
      },
      list,
      async revoke(fingerprint, signal) {
        await host.run(command(settings.revokeKey, { fingerprint }), { signal });
      },
    },
    checks: [
      {
        name: 'forge commands',
        async look(signal) {
          // It changes nothing, and what runs it runs the others: to make a repository, to let a host in, to take its key away.
          try {
            return good({ keys: (await list(signal)).length });
          } catch (error) {
            signal.throwIfAborted();
            // Without an answer nothing is known of its commands.
            if (error instanceof HostConnectionError) throw error;
            const why = error instanceof Error ? error.message : String(error);
            return bad(
              `${ssh.user}@${ssh.host} does not run \`${settings.listKeys.join(' ')}\` (${why}): a key for git alone is not enough. ` +
                'Set forge.createRepository, authorizeKey, listKeys and revokeKey to what it runs, or forge.ssh to a login that may run them',
            );
          }
        },
      },
    ],
    async [Symbol.asyncDispose]() {
      await git[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
    },
  };
}

/** Whether a forge's ssh server answers at all. It may well refuse this command; what counts is that it ran or refused it. */
export async function answersSsh(host: Host, signal: AbortSignal): Promise<boolean> {
  try {
    await host.run(['true'], { reject: false, signal, timeout: 20_000 });
    return true;
  } catch (error) {
    if (error instanceof HostConnectionError) return false;
    throw error;
  }
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
