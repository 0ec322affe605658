import { join } from 'node:path';
import type { SshEndpoint } from '../../config/schema.ts';
import { sshPath, sshWords } from '../../world/ssh-command.ts';
import { gitSettingsEnvironment, goesTo } from '../git-settings.ts';
import { quoteForSh } from '../quote-for-sh.ts';
import type { OpenForgeOptions } from '../settings.ts';
import { fitsSocket, warmConnection } from './warm-connection.ts';

/** How this machine's git goes to a forge by ssh. */
export interface SshGit extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
  /** Has git share one connection from here on. */
  keepWarm(): Promise<void>;
}

/**
 * Nothing is connected to before `keepWarm`.
 *
 * @param urls those of the repositories, which are gone to as they are.
 */
export async function sshGit(
  ssh: SshEndpoint,
  urls: readonly string[],
  { here, stateDirectory }: OpenForgeOptions,
): Promise<SshGit> {
  const socket = join(stateDirectory, 'forge.sock');
  const canShare = fitsSocket(socket);
  const shared = canShare ? ['-o', `ControlPath=${sshPath(socket)}`] : [];
  const words = [...(await sshWords(ssh, stateDirectory)), ...shared];
  const address = [...(ssh.port === 22 ? [] : ['-p', String(ssh.port)]), `${ssh.user}@${ssh.host}`];
  const warm = warmConnection(here, [...words, ...address], socket);
  return {
    environment: {
      // git reads it with a shell, so each word is quoted for one.
      GIT_SSH_COMMAND: words.map(quoteForSh).join(' '),
      GIT_TERMINAL_PROMPT: '0',
      ...gitSettingsEnvironment(urls.flatMap((url) => goesTo(url))),
    },
    async keepWarm() {
      if (canShare) await warm.keep();
    },
    [Symbol.asyncDispose]: () => warm[Symbol.asyncDispose](),
  };
}

/** The git URL of a repository below `root`; a whole URL is returned as it is. */
export function sshGitUrl(
  { user, host, port }: Pick<SshEndpoint, 'user' | 'host' | 'port'>,
  root: string,
  repository: string,
): string {
  if (repository.includes(':')) return repository;
  const name = host.includes(':') ? `[${host}]` : host;
  return `ssh://${user}@${name}${port === 22 ? '' : `:${port}`}${root}/${repository}.git`;
}
