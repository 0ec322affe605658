import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ForgeSettings, openForge } from '@cutover/cutover-scripts/forge';
import { asUser, type Host, localHost } from '@cutover/host';
import type { LabHosts } from '../hosts/hosts.ts';
import type { Gitea } from './start-gitea.ts';

/** `forge` of a `cutover.yaml`, for a Gitea of the lab. */
export type GiteaConfig = Extract<ForgeSettings['forge'], { type: 'gitea' }>;

/** Where the lab's own forge has its repositories. */
const bareFolder = '/srv/git';
const clones = ['cc-ci', 'cc-ci-adv', 'cc-ci-plan', 'cc-ci-secrets'].map((name) => `/srv/cc-ci/${name}`);

/** @param token the file that holds the bot's token. */
export function giteaConfig(gitea: Gitea, token: string): GiteaConfig {
  const { host, port, user, hostKey } = gitea.ssh;
  return {
    type: 'gitea',
    url: gitea.url,
    organization: gitea.organization,
    token,
    certificate: gitea.certificate,
    ssh: { host, port, user, hostKeys: [hostKey] },
  };
}

/**
 * Moves the rig of the lab's hosts to a Gitea: the bot makes each repository there and pushes all that the lab's own forge
 * has of it, and the old host's clones, which have a deploy key there, get it as their origin.
 */
export async function moveRigToGitea({ forge, pi }: LabHosts, gitea: Gitea): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-move-'));
  await using here = localHost();
  try {
    const token = join(folder, 'token');
    await writeFile(token, gitea.botToken, { mode: 0o600 });
    const signal = AbortSignal.timeout(120_000);
    const names = await bareNames(forge.host);
    const [first = ''] = names;
    await using there = await openForge(
      {
        forge: giteaConfig(gitea, token),
        repository: first,
        repositories: names.map((repository) => ({ repository, path: repository, branch: 'main' })),
        ownership: { repository: first, ref: 'refs/cutover/owner', lease: 600_000 },
        handoff: { repository: first, proof: 'verdict', timeout: 60_000 },
      },
      { here, stateDirectory: folder },
    );
    for (const name of names) {
      await there.createRepository(name, signal);
      const bundle = ['git', '-C', `${bareFolder}/${name}.git`, '-c', 'safe.directory=*'];
      const { stdoutBytes } = await forge.host.run([...bundle, 'bundle', 'create', '-', '--all']);
      await writeFile(join(folder, `${name}.bundle`), stdoutBytes);
      const mirror = join(folder, name);
      await here.run(['git', 'clone', '--quiet', '--mirror', join(folder, `${name}.bundle`), mirror]);
      const push = ['git', '-C', mirror, 'push', '--quiet', there.url(name), '+refs/*:refs/*'];
      await here.run(push, { env: there.gitEnvironment, signal });
    }
    const loops = asUser(pi.host, 'loops');
    const key = (await loops.run(['cat', '/home/loops/.ssh/id_ed25519.pub'])).stdout.trim();
    await there.fence.grant('pi', key, signal);
    await pointClonesTo(loops, gitea);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function bareNames(forge: Host): Promise<string[]> {
  const find = ['find', bareFolder, '-maxdepth', '1', '-name', '*.git', '-printf', '%f\n'];
  return (await forge.run(find)).stdout
    .split('\n')
    .filter((file) => file !== '')
    .map((file) => file.replace(/\.git$/, ''))
    .sort();
}

async function pointClonesTo(loops: Host, { ssh, sshUrl }: Gitea): Promise<void> {
  await loops.run(['tee', '-a', '/home/loops/.ssh/known_hosts'], {
    input: `[${ssh.host}]:${ssh.port} ${ssh.hostKey}\n`,
  });
  for (const clone of clones) {
    const git = ['git', '-C', clone, 'remote'];
    const { stdout } = await loops.run([...git, 'get-url', 'origin']);
    const [, name = ''] = /([^:/]+)\.git$/.exec(stdout.trim()) ?? [];
    await loops.run([...git, 'set-url', 'origin', `${sshUrl}/${name}.git`]);
  }
}
