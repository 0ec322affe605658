import { type Answers, UsageError } from '@cutover/runbook';
import { sshGitUrl } from '../forge/ssh/ssh-git.ts';
import { type Address, answerOf, parseAddress } from './answers.ts';

/** The git server, as it was answered. */
export type ForgeAnswer = {
  /** Where git is reached over ssh, by the hosts at least. */
  readonly ssh: Address;
  /** What stands before the name of a repository in a URL of that. */
  readonly root: string;
} & (
  | { readonly type: 'ssh' | 'git' }
  | { readonly type: 'gitea'; readonly url: string; readonly organization: string }
);

/** Servers whose keys and repositories are a person's to make; git over ssh runs no commands of ours there. */
const withoutCommands = ['github.com', 'gitlab.com', 'bitbucket.org'];

/** What the answers say of the git server. @throws {UsageError} they do not say it in a form that is known. */
export function forgeAnswer(answers: Answers): ForgeAnswer {
  const text = answerOf(answers, 'forge');
  const known = URL.canParse(text) ? new URL(text) : undefined;
  if (known?.protocol === 'https:') return giteaAnswer(known, answerOf(answers, 'forge-ssh'));
  const [, address, root] = /^ssh:\/\/([^@\s/]+@[^@\s/]+)(\/\S+?)\/?$/.exec(text) ?? [];
  if (address === undefined || root === undefined)
    throw new UsageError(
      `--forge ${text}: it must be ssh://user@host[:port]/folder-of-the-repositories, or https://host/ORGANIZATION of a Gitea`,
    );
  const ssh = parseAddress(address, 'forge');
  return { type: withoutCommands.includes(ssh.host) ? 'git' : 'ssh', ssh, root };
}

function giteaAnswer(url: URL, sshAddress: string): ForgeAnswer {
  if (withoutCommands.includes(url.hostname))
    throw new UsageError(
      `--forge ${url.href}: ${url.hostname} is reached over ssh here: ssh://git@${url.hostname}/ORGANIZATION`,
    );
  const [, organization] = /^\/([A-Za-z0-9][A-Za-z0-9._-]*)\/?$/.exec(url.pathname) ?? [];
  if (organization === undefined || url.username !== '' || url.search !== '')
    throw new UsageError(
      `--forge ${url.origin}${url.pathname}: of a Gitea it must be https://host/ORGANIZATION`,
    );
  const ssh = parseAddress(sshAddress === '' ? `git@${url.hostname}` : sshAddress, 'forge-ssh');
  return { type: 'gitea', url: url.origin, organization, ssh, root: `/${organization}` };
}

/** The URL by which the hosts reach a repository. */
export function repositoryUrl({ ssh, root }: ForgeAnswer, repository: string): string {
  return sshGitUrl(ssh, root, repository);
}
