import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Forge, type ForgeSettings, openForge } from '@cutover/cutover-scripts/forge';
import { type Host, localHost } from '@cutover/host';
import { freePort } from '@cutover/test-support/ports';
import { type Gitea, startGitea } from '../../src/index.ts';

/** A Gitea with the repositories of a rig, and a host before it: this machine, by a key of its own. */
export interface GiteaRig extends AsyncDisposable {
  readonly gitea: Gitea;
  readonly folder: string;
  readonly here: Host;
  readonly forge: Forge;
  /** The public half of the host's key, as in a .pub file. */
  readonly publicKey: string;
  /** A forge like `forge`, with other settings. */
  open(change: Partial<GiteaSettings>): Promise<Forge>;
  /** A clone of a repository, whose git uses the host's key. */
  clone(repository: string): Promise<string>;
  /** Copies all that the Gitea has; what is returned brings it back. */
  backup(): Promise<() => Promise<void>>;
}

type GiteaSettings = Extract<ForgeSettings['forge'], { type: 'gitea' }>;

/** The working repositories of the rig. */
export const repositories = ['cc-ci', 'cc-ci-secrets'] as const;
/** That of the configuration, which a cutover makes itself. */
export const configuration = 'cc-ci-orchestrator';

export async function openGiteaRig(): Promise<GiteaRig> {
  const root = await mkdtemp(join(tmpdir(), 'cutover-gitea-'));
  // Gitea's user has to get to what is below.
  await chmod(root, 0o755);
  const [port, sshPort] = [await freePort(), await freePort()];
  const start = (): Promise<Gitea> =>
    startGitea({ folder: join(root, 'gitea'), address: '127.0.0.1', port, sshPort });
  let gitea = await start();
  const here = localHost();
  const key = join(root, 'key');
  const knownHosts = join(root, 'known_hosts');
  await here.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'pi', '-f', key]);
  await writeFile(knownHosts, `[127.0.0.1]:${sshPort} ${gitea.ssh.hostKey}\n`);
  await writeFile(join(root, 'token'), `${gitea.botToken}\n`, { mode: 0o600 });
  const { host, user, hostKey } = gitea.ssh;
  const open = (change: Partial<GiteaSettings>): Promise<Forge> =>
    openForge(
      {
        forge: {
          type: 'gitea',
          url: gitea.url,
          organization: gitea.organization,
          token: join(root, 'token'),
          certificate: gitea.certificate,
          ssh: { host, port: sshPort, user, hostKeys: [hostKey] },
          ...change,
        },
        repository: configuration,
        repositories: repositories.map((repository) => ({ repository, path: repository, branch: 'main' })),
        ownership: { repository: 'cc-ci', ref: 'refs/cutover/owner', lease: 600_000 },
        handoff: { repository: 'cc-ci', proof: 'verdict', timeout: 60_000 },
      },
      { here, stateDirectory: root },
    );
  const forge = await open({});
  const signal = AbortSignal.timeout(60_000);
  for (const repository of repositories) await forge.createRepository(repository, signal);

  return {
    get gitea() {
      return gitea;
    },
    folder: root,
    here,
    forge,
    publicKey: (await readFile(`${key}.pub`, 'utf8')).trim(),
    open,
    async clone(repository) {
      const path = await mkdtemp(join(root, `${repository}-`));
      const git = ['git', '-C', path];
      await here.run(['git', 'init', '--quiet', '--initial-branch=main', path]);
      await here.run([...git, 'remote', 'add', 'origin', forge.url(repository)]);
      const ssh = `ssh -F none -i ${key} -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=${knownHosts}`;
      await here.run([...git, 'config', 'core.sshCommand', ssh]);
      return path;
    },
    async backup() {
      const [data, copy] = [join(root, 'gitea/data'), join(root, 'backup')];
      await gitea.stop();
      await here.run(['cp', '-a', data, copy]);
      gitea = await start();
      return async () => {
        await gitea.stop();
        await here.run(['rm', '-rf', data]);
        await here.run(['mv', copy, data]);
        gitea = await start();
      };
    },
    async [Symbol.asyncDispose]() {
      await forge[Symbol.asyncDispose]();
      await gitea.stop();
      await here[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}
