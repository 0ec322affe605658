import type { SshEndpoint } from '../../config/schema.ts';
import { sshCommand } from '../../world/ssh-command.ts';

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
