import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ForgeSettings, openForge } from '@cutover/cutover-scripts';
import { type Host, localHost } from '@cutover/host';
import type { LabHosts } from '../hosts/hosts.ts';
import type { Lab } from '../lab.ts';
import type { ReadyInstance } from '../launch.ts';
import { freePort } from '../tailnet/control-server.ts';
import { type Gitea, startGitea } from './start-gitea.ts';

/** A real Gitea in the place of the lab's own forge: the old rig and the server work with it, as they did with that. */
export interface RigForge extends AsyncDisposable {
  readonly gitea: Gitea;
  /** `forge` of a cutover.yaml. */
  readonly settings: object;
  /** What stands before the name of a repository in a git URL. */
  readonly base: string;
  /** This machine, which has its repositories on disk. */
  readonly host: Host;
  /** The folder they are in. */
  readonly repositories: string;
}

const repositories = ['cc-ci', 'cc-ci-plan', 'cc-ci-secrets'];

/** Starts it on the lab's bridge, brings the repositories over, and lets in `pi` and `ccci`, each by the key it has. */
export async function startRigForge(lab: Lab, { forge, pi, ccci }: LabHosts): Promise<RigForge> {
  const folder = join(lab.folders.root, 'gitea');
  await rm(folder, { recursive: true, force: true });
  const address = lab.subnet.replace(/0\/24$/, '1');
  const gitea = await startGitea({
    folder,
    address,
    port: await freePort(address),
    sshPort: await freePort(address),
  });
  const host = localHost();
  const work = await mkdtemp(join(tmpdir(), 'rig-forge-'));
  try {
    const token = join(folder, 'bot-token');
    await writeFile(token, `${gitea.botToken}\n`, { mode: 0o600 });
    const { port, user, hostKey } = gitea.ssh;
    const settings: ForgeSettings['forge'] = {
      type: 'gitea',
      url: gitea.url,
      organization: gitea.organization,
      token,
      certificate: gitea.certificate,
      ssh: { host: address, port, user, hostKeys: [hostKey] },
    };
    await using opened = await openForge(
      {
        forge: settings,
        // That of the configuration is the cutover's to make.
        repository: 'cc-ci',
        repositories: repositories.map((repository) => ({ repository, path: repository, branch: 'main' })),
        ownership: { repository: 'cc-ci', ref: 'refs/cutover/owner', lease: 600_000 },
        handoff: { repository: 'cc-ci', timeout: 60_000 },
      },
      { here: host, stateDirectory: work },
    );
    const signal = AbortSignal.timeout(120_000);
    for (const repository of repositories) await opened.createRepository(repository, signal);
    await bringOver(forge.host, host, gitea, work);
    const base = `${gitea.sshUrl}/`;
    for (const [of, home] of [
      [pi, '/home/loops'],
      [ccci, '/root'],
    ] as const) {
      const key = new TextDecoder().decode(await of.host.readFile(`${home}/.ssh/id_ed25519.pub`));
      await opened.fence.grant(of.name, key, signal);
      await pointTo(of, home, base, `[${address}]:${port} ${hostKey}`);
    }
    return {
      gitea,
      settings,
      base,
      host,
      repositories: join(folder, 'data', 'data', 'gitea-repositories', gitea.organization),
      async [Symbol.asyncDispose]() {
        await gitea.stop();
        await host[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await gitea.stop();
    throw error;
  } finally {
    await rm(work, { recursive: true });
  }
}

/** All branches, as they are on the lab's own forge now. The token is in the environment of git alone. */
async function bringOver(from: Host, here: Host, gitea: Gitea, work: string): Promise<void> {
  const names = repositories.map((name) => `${name}.git`);
  const { stdoutBytes } = await from.run(['tar', '--directory=/srv/git', '--create', ...names]);
  const mirrors = join(work, 'mirrors');
  await mkdir(mirrors);
  await here.run(['tar', '--extract', '--no-same-owner', `--directory=${mirrors}`], { input: stdoutBytes });
  const env = {
    GIT_SSL_CAINFO: gitea.certificate,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: token ${gitea.adminToken}`,
    GIT_TERMINAL_PROMPT: '0',
  };
  for (const name of names) {
    const git = ['git', '-C', join(mirrors, name), '-c', 'safe.directory=*'];
    const url = `${gitea.url}/${gitea.organization}/${name}`;
    await here.run([...git, 'push', '--quiet', url, '+refs/heads/*:refs/heads/*'], { env });
  }
}

/** What a host calls `git@forge:NAME.git` is that repository of the Gitea from now on. */
async function pointTo({ host }: ReadyInstance, home: string, base: string, known: string): Promise<void> {
  const owner = home === '/root' ? 'root' : 'loops';
  const config = `${home}/.gitconfig`;
  await host.run(['tee', '-a', config], { input: `[url "${base}"]\n\tinsteadOf = git@forge:\n` });
  await host.run(['chown', `${owner}:${owner}`, config]);
  await host.run(['tee', '-a', `${home}/.ssh/known_hosts`], { input: `${known}\n` });
}
