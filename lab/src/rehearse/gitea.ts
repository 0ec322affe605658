import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Host, localHost } from '@cutover/host';
import { giteaConfig, moveRigToGitea } from '../gitea/move-rig.ts';
import { type Gitea, startGitea } from '../gitea/start-gitea.ts';
import type { LabHosts } from '../hosts/hosts.ts';
import type { Lab } from '../lab.ts';
import type { RehearsalForge } from './settings.ts';

/** A Gitea on this machine, with the rig's repositories; it ends with the rehearsal. */
export interface GiteaOfRehearsal extends RehearsalForge, AsyncDisposable {
  readonly gitea: Gitea;
  /** The machine that it runs on. */
  readonly host: Host;
  /** The folder there with the bare repositories. */
  readonly repositories: string;
}

const port = 3443;

/** Starts a Gitea on the lab's bridge, fresh, and moves the old host's rig to it. */
export async function giteaOfRehearsal(lab: Lab, hosts: LabHosts, folder: string): Promise<GiteaOfRehearsal> {
  const state = join(lab.folders.root, 'gitea');
  await rm(state, { recursive: true, force: true });
  const gitea = await startGitea({ folder: state, address: new URL(lab.url).hostname, port });
  try {
    await moveRigToGitea(hosts, gitea);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const token = join(folder, 'gitea-token');
    await writeFile(token, `${gitea.botToken}\n`, { mode: 0o600 });
    const host = localHost();
    return {
      gitea,
      host,
      repositories: join(state, 'data/data/gitea-repositories', gitea.organization),
      config: giteaConfig(gitea, token),
      url: (repository) => `${gitea.sshUrl}/${repository}.git`,
      async [Symbol.asyncDispose]() {
        await gitea.stop();
        await host[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await gitea.stop();
    throw error;
  }
}
