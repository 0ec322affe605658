import { sshHost } from '@cutover/host';
import type { SshEndpoint } from '../../config/schema.ts';
import { CutoverError } from '../../errors.ts';
import type { Check } from '../../preflight/check.ts';
import { good } from '../../preflight/check.ts';
import type { Forge } from '../../world/forge.ts';
import { socksAddress } from '../../world/socks-address.ts';
import { sshConnection } from '../../world/ssh-connection.ts';
import { httpsGitEnvironment } from '../https-git.ts';
import {
  forgeName,
  type ForgeOfType,
  type ForgeSettings,
  type OpenForgeOptions,
  rigRepositories,
} from '../settings.ts';
import { answersSsh } from '../ssh/ssh-forge.ts';
import { sshGit, sshGitUrl } from '../ssh/ssh-git.ts';
import { readToken } from '../token.ts';

type Settings = ForgeOfType<'git'>;

/** A forge without an API was asked for what a person has to do there. */
export class ByHandError extends CutoverError {
  override readonly name = 'ByHandError';
  readonly code = 'FORGE_BY_HAND';
}

/**
 * Git and nothing else: a person makes the repositories, and gives and takes the keys. The steps that would do it are gates
 * (see by-hand.ts), and what a host may do is asked from that host.
 */
export async function openGitForge(
  settings: Settings,
  rig: ForgeSettings,
  options: OpenForgeOptions,
): Promise<Forge> {
  const name = forgeName(settings);
  const refuse = (what: string) => async (): Promise<never> => {
    throw new ByHandError(`${name} has no API for cutover: ${what} by hand`);
  };
  const { ssh, root, https } = settings;
  let parts: Parts;
  if (ssh !== undefined) parts = await overSsh(ssh, root, rig, options);
  else if (https !== undefined) parts = overHttps(https, rig, options);
  else throw new TypeError('forge: it has neither ssh nor https');
  return {
    ...parts,
    name,
    byHand: true,
    keyedRepositories: rigRepositories(rig),
    createRepository: refuse('make the repository'),
    fence: {
      grant: refuse('let the key in'),
      list: refuse('look at the keys'),
      revoke: refuse('take the key away'),
    },
    checks: [...parts.checks, byHandCheck(name, rig)],
  };
}

type Parts = Pick<
  Forge,
  'gitEnvironment' | 'keepWarm' | 'url' | 'answers' | 'checks' | typeof Symbol.asyncDispose
>;

async function overSsh(
  ssh: SshEndpoint,
  root: string,
  rig: ForgeSettings,
  options: OpenForgeOptions,
): Promise<Parts> {
  const host = sshHost({ name: ssh.host, ...sshConnection(ssh) });
  const urls = rigRepositories(rig).map((repository) => sshGitUrl(ssh, root, repository));
  const git = await sshGit(ssh, urls, options);
  return {
    gitEnvironment: git.environment,
    keepWarm: () => git.keepWarm(),
    url: (repository) => sshGitUrl(ssh, root, repository),
    answers: (signal) => answersSsh(host, signal),
    checks: [],
    async [Symbol.asyncDispose]() {
      await git[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
    },
  };
}

function overHttps(
  { url, token, user, certificate, socks5 }: NonNullable<Settings['https']>,
  rig: ForgeSettings,
  { here }: OpenForgeOptions,
): Parts {
  const base = url.replace(/\/$/, '');
  const urlOf = (repository: string): string =>
    repository.includes(':') ? repository : `${base}/${repository}.git`;
  const gitEnvironment = httpsGitEnvironment({
    url: new URL(url).origin,
    urls: rigRepositories(rig).map(urlOf),
    token,
    user,
    certificate,
    socks5: socks5 && socksAddress(socks5),
  });
  return {
    gitEnvironment,
    url: urlOf,
    async answers(signal) {
      const argv = ['git', 'ls-remote', '--heads', urlOf(rig.ownership.repository)];
      const env = { ...gitEnvironment, LC_ALL: 'C' };
      const { exitCode, stderr } = await here.run(argv, { env, reject: false, timeout: 70_000, signal });
      return exitCode === 0 || !noAnswer.test(stderr);
    },
    checks:
      token === undefined
        ? []
        : [
            {
              name: 'forge token',
              async look(signal) {
                await readToken(token, here, signal);
                return good();
              },
            },
          ],
    [Symbol.asyncDispose]: async () => {},
  };
}

/** What git and curl say where no server answered, or another one, or one that is not well. */
const noAnswer =
  /certificate|\b(?:ssl|tls|gnutls)|returned error: 5\d\d|could not resolve|failed to connect|couldn't connect|could not connect|timed out|connection (?:refused|reset)|unreachable|too slow|empty reply|proxy/i;

/** Nothing is wrong with it; a person should know it before the night of the cutover. */
function byHandCheck(name: string, rig: ForgeSettings): Check {
  const repositories = rigRepositories(rig).join(', ');
  return {
    name: 'forge by hand',
    async look() {
      return good({
        needsPerson: [
          `make the private repository ${rig.repository} at ${name}, empty`,
          `phase C: let the new host push to ${repositories}`,
          `phase D: take that from the old host, within the time that the loops may stand still`,
        ],
        notKnown: 'which keys open which repository; what a host can do is asked from that host',
      });
    },
  };
}
