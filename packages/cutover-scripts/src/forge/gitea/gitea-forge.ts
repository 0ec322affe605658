import { readFile } from 'node:fs/promises';
import type { Forge } from '../../world/forge.ts';
import { socksAddress } from '../../world/socks-address.ts';
import { httpsGitEnvironment } from '../https-git.ts';
import { repositoryName } from '../repository-name.ts';
import {
  forgeName,
  type ForgeOfType,
  type ForgeSettings,
  type OpenForgeOptions,
  rigRepositories,
} from '../settings.ts';
import { readToken } from '../token.ts';
import { createRepository, findRepository, isThere, type RepositoryName, whoAmI } from './calls.ts';
import { giteaChecks } from './checks.ts';
import { giteaClient } from './client.ts';
import { GiteaSilentError } from './errors.ts';
import { giteaFence } from './fence.ts';

/** `ssh://` before what is below an address. */
type SshAddress = ForgeOfType<'gitea'>['ssh'];

/**
 * A Gitea: its API makes repositories and gives and takes deploy keys, by a bot's token. The hosts reach git over ssh, each by
 * a key of its own; this machine reaches it over https, by the token.
 */
export async function openGiteaForge(
  settings: ForgeOfType<'gitea'>,
  rig: ForgeSettings,
  { here }: OpenForgeOptions,
): Promise<Forge> {
  const { url, organization, ssh, certificate, socks5 } = settings;
  const proxy = socks5 && socksAddress(socks5);
  const gitea = giteaClient({
    url,
    token: (signal) => readToken(settings.token, here, signal),
    certificate: certificate && (await readFile(certificate, 'utf8')),
    proxy: proxy === undefined ? undefined : new URL(`socks5://${proxy}`),
  });
  const repositories = new Map<string, RepositoryName>();
  for (const repository of rigRepositories(rig)) {
    const name = repositoryName(repository, settings);
    if (name !== undefined) repositories.set(repository, name);
  }
  const base = sshBase(ssh);
  const urlOf = (repository: string): string =>
    repository.includes(':') ? repository : `${base}/${organization}/${repository}.git`;
  const whyUnusable = async (repository: string, signal: AbortSignal): Promise<string | undefined> => {
    const name = repositoryName(repository, settings);
    const found = name && (await findRepository(gitea, name, signal));
    return found === undefined || found.private
      ? undefined
      : `${found.full_name} is public at ${forgeName(settings)}; make it private, or name another repository`;
  };
  return {
    name: forgeName(settings),
    gitEnvironment: httpsGitEnvironment({
      url,
      insteadOf: `${base}/`,
      urls: rigRepositories(rig).map(urlOf),
      token: settings.token,
      // Gitea takes a token as the password of any user.
      user: 'cutover',
      certificate,
      socks5: proxy,
    }),
    url: urlOf,
    async answers(signal) {
      try {
        await isThere(gitea, signal);
        return true;
      } catch (error) {
        if (error instanceof GiteaSilentError) return false;
        throw error;
      }
    },
    async createRepository(repository, signal) {
      const name = repositoryName(repository, settings);
      if (name === undefined) throw new Error(`${repository} is not a repository of ${url}`);
      if (await createRepository(gitea, name, signal)) return;
      if ((await findRepository(gitea, name, signal)) === undefined)
        throw new Error(
          `${name.owner}/${name.name} is at ${url} already, and not visible to the token of ${await whoAmI(gitea, signal)}: ` +
            'name another repository, or let that user see it',
        );
      const unusable = await whyUnusable(repository, signal);
      if (unusable !== undefined) throw new Error(unusable);
    },
    whyUnusable,
    keyedRepositories: [...repositories.keys()],
    fence: giteaFence({ gitea, repositories, madeLater: rig.repository }),
    checks: giteaChecks({ gitea, organization, repositories, madeLater: rig.repository, rig }),
    [Symbol.asyncDispose]: () => gitea[Symbol.asyncDispose](),
  };
}

function sshBase({ user, host, port }: SshAddress): string {
  return `ssh://${user}@${host.includes(':') ? `[${host}]` : host}${port === 22 ? '' : `:${port}`}`;
}
