import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { asGiteaUser } from './as-gitea-user.ts';
import { type GiteaApi, giteaApi } from './api.ts';
import { builtGitea, noGitea } from './built.ts';
import { type GiteaRecord, prepareGitea, readGiteaRecord, writeSettings } from './prepare-gitea.ts';
import { type GiteaPlaces, giteaFiles, sshUser } from './settings.ts';

const run = promisify(execFile);

/** Where a Gitea of the lab listens, and what it keeps. */
export interface StartGiteaOptions {
  /**
   * Everything that it has on disk. Made when it is absent (a few seconds); otherwise it goes on with what is there, its
   * tokens too. Not below a home: it runs as a user who is not root, and has to get through every folder above.
   */
  readonly folder: string;
  /** Address of this machine to listen on, e.g. that of the lab's bridge; its certificate is for this address. */
  readonly address: string;
  /** Of its API and of git over https. */
  readonly port: number;
  /** Of git over ssh. Default: the next one after `port`. */
  readonly sshPort?: number;
  readonly signal?: AbortSignal;
}

/** A real Gitea with an organization, a team and a bot, in the shape of the plan. Disposing of it stops it. */
export interface Gitea extends AsyncDisposable {
  /** `https://ADDRESS:PORT`. */
  readonly url: string;
  /** File (PEM) of the certificate that proves it. */
  readonly certificate: string;
  /** The private organization; empty at first. */
  readonly organization: string;
  /** The bot: no owner, in a team that may make repositories. */
  readonly bot: string;
  /** A token of the bot with the scopes that a cutover needs. */
  readonly botToken: string;
  /** A token of the site's administrator with every scope. */
  readonly adminToken: string;
  readonly ssh: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    /** As in a .pub file. */
    readonly hostKey: string;
  };
  /** `ssh://git@ADDRESS:PORT/ORGANIZATION`; a repository is `/NAME.git` below it. */
  readonly sshUrl: string;
  /** One call of its API below `/api/v1`, as the administrator. */
  readonly asAdmin: GiteaApi;
  /** Another token of the bot, e.g. one that lacks a scope; it works until the bot's tokens are deleted. */
  mintToken(scopes: readonly string[]): Promise<string>;
  /** Stops it; `startGitea` on the same folder goes on with what it has. */
  stop(): Promise<void>;
}

/**
 * Starts the Gitea that `lab/images/gitea/build` has built. It ends with this process, also when that is killed.
 *
 * @throws where none is built: {@link builtGitea} says so beforehand.
 */
export async function startGitea(options: StartGiteaOptions): Promise<Gitea> {
  const { folder, address, port, sshPort = port + 1, signal } = options;
  const places: GiteaPlaces = { folder, address, port, sshPort };
  const built = await builtGitea();
  if (built === undefined) throw new Error(noGitea);
  const files = giteaFiles(folder);
  const fresh = !existsSync(files.record);
  if (fresh) await prepareGitea(built, places);
  else await writeSettings(places, await readGiteaRecord(folder));

  const server = await startServer(folder);
  try {
    const record = await readGiteaRecord(folder);
    const asAdmin = giteaApi({ places, token: record.adminToken });
    await server.ready(asAdmin, signal);
    if (fresh) await makeOrganization(asAdmin, record);
    return {
      url: `https://${address}:${port}`,
      certificate: files.certificate,
      ...record.names,
      botToken: record.botToken,
      adminToken: record.adminToken,
      ssh: {
        host: address,
        port: sshPort,
        user: sshUser,
        hostKey: (await readFile(`${files.hostKey}.pub`, 'utf8')).trim(),
      },
      sshUrl: `ssh://${sshUser}@${address}:${sshPort}/${record.names.organization}`,
      asAdmin,
      async mintToken(scopes) {
        const name = `lab-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
        const words = ['--username', record.names.bot, '--token-name', name, '--scopes', scopes.join(',')];
        const argv = ['admin', 'user', 'generate-access-token', ...words, '--raw'];
        const { command, args, options: how } = asGiteaUser(folder, argv);
        return (await run(command, args, how)).stdout.trim();
      },
      stop: server.stop,
      [Symbol.asyncDispose]: server.stop,
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function startServer(folder: string) {
  const files = giteaFiles(folder);
  const log = await open(files.log, 'a');
  const { command, args, options } = asGiteaUser(folder, ['web']);
  const server = spawn(command, args, { ...options, stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  const ended = once(server, 'exit');
  const failed = new Promise<never>((_, reject) => {
    server.once('error', reject);
  });
  failed.catch(() => undefined);
  return {
    async ready(api: GiteaApi, signal: AbortSignal | undefined): Promise<void> {
      for (const end = performance.now() + 60_000; ;) {
        if (await Promise.race([api.isHealthy(), failed])) return;
        if (server.exitCode !== null || server.signalCode !== null || performance.now() > end)
          throw new Error(
            `Gitea did not start; its last words:\n${(await readFile(files.log, 'utf8')).split('\n').slice(-12).join('\n')}`,
          );
        await sleep(50, undefined, { signal });
      }
    },
    async stop(): Promise<void> {
      if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
      server.kill('SIGTERM');
      const patience = setTimeout(() => server.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(patience);
    },
  };
}

/** In the bot's team, who makes a repository becomes its administrator, and may give it deploy keys. */
async function makeOrganization(asAdmin: GiteaApi, { names }: GiteaRecord): Promise<void> {
  const { organization, bot } = names;
  await asAdmin.call('POST', '/orgs', { username: organization, visibility: 'private' });
  const team = await asAdmin.call('POST', `/orgs/${organization}/teams`, {
    name: 'bots',
    permission: 'write',
    can_create_org_repo: true,
    includes_all_repositories: false,
    units_map: { 'repo.code': 'write' },
  });
  await asAdmin.call('PUT', `/teams/${String(team['id'])}/members/${bot}`);
}
