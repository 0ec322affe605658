import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { asGiteaUser, giteaUid } from './as-gitea-user.ts';
import { type GiteaPlaces, type GiteaSecrets, giteaFiles, giteaSettings } from './settings.ts';

const run = promisify(execFile);

/** What the lab remembers of a Gitea that it has made. */
export interface GiteaRecord {
  readonly secrets: GiteaSecrets;
  readonly botToken: string;
  readonly adminToken: string;
  readonly names: { readonly organization: string; readonly bot: string };
}

/** As in the plan. */
const names = { organization: 'recipe-maintainers', bot: 'cc-ci-bot' };
/** All that a cutover needs; Gitea's newer releases ask for both to make a repository. */
const botScopes = ['write:organization', 'write:repository', 'read:user'];

/** Makes the folder of a Gitea: its program and settings, a certificate, its users and their tokens. The organization is still missing. */
export async function prepareGitea(built: string, places: GiteaPlaces): Promise<void> {
  const { folder, address } = places;
  const files = giteaFiles(folder);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await chmod(folder, 0o755);
  await mkdir(join(files.data, 'home'), { recursive: true, mode: 0o700 });
  // Its own user cannot read the cache, which is below root's home. Links cost nothing, where they are possible.
  const into = join(folder, 'program');
  await run('cp', ['-rl', built, into]).catch(async () => {
    await rm(into, { recursive: true, force: true });
    await run('cp', ['-r', built, into]);
  });
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'gitea', '-f', files.hostKey]);
  const kind = ['--host', address, '--ecdsa-curve', 'P256', '--duration', '87600h'];
  const where = ['--out', files.certificate, '--keyout', files.key];
  await run(files.program, ['cert', ...kind, ...where], { env: { ...process.env, GITEA_WORK_DIR: folder } });
  await chmod(files.certificate, 0o644);
  await run('chown', ['-R', `${giteaUid}:${giteaUid}`, files.data, files.key, files.hostKey]);

  const secret = (): string => randomBytes(32).toString('base64url');
  const secrets = { internalToken: secret(), secretKey: secret(), jwtSecret: secret() };
  await writeSettings(places, { secrets });
  await gitea(folder, 'migrate');
  const admin = [
    '--username',
    'root1',
    '--email',
    'root1@localhost.localdomain',
    '--admin',
    '--random-password',
  ];
  const adminToken = await makeUser(folder, [...admin, '--must-change-password=false'], ['all']);
  const bot = ['--username', names.bot, '--email', 'bot@localhost.localdomain', '--user-type', 'bot'];
  const botToken = await makeUser(folder, bot, botScopes);
  // Every call of a bot that was made like this is refused otherwise (go-gitea/gitea#38174).
  await gitea(folder, 'admin', 'user', 'must-change-password', '--unset', names.bot);
  const record: GiteaRecord = { secrets, botToken, adminToken, names };
  await writeFileDurably(files.record, JSON.stringify(record), { mode: 0o600 });
}

/** Writes `app.ini`, which only its user reads: where it listens may be another place than the last time. */
export async function writeSettings(
  places: GiteaPlaces,
  { secrets }: Pick<GiteaRecord, 'secrets'>,
): Promise<void> {
  const { settings } = giteaFiles(places.folder);
  await writeFileDurably(settings, giteaSettings(places, secrets), { mode: 0o400 });
  await chown(settings, giteaUid, giteaUid);
}

export async function readGiteaRecord(folder: string): Promise<GiteaRecord> {
  return JSON.parse(await readFile(giteaFiles(folder).record, 'utf8'));
}

/** @returns a token of the new user. */
async function makeUser(
  folder: string,
  words: readonly string[],
  scopes: readonly string[],
): Promise<string> {
  const token = ['--access-token', '--access-token-name', 'lab', '--access-token-scopes', scopes.join(',')];
  const stdout = await gitea(folder, 'admin', 'user', 'create', ...words, ...token);
  const [, found] = /Access token was successfully created\.\.\. ([0-9a-f]{40})/.exec(stdout) ?? [];
  if (found === undefined) throw new Error('Gitea made a user and printed no token');
  return found;
}

async function gitea(folder: string, ...argv: readonly string[]): Promise<string> {
  const { command, args, options } = asGiteaUser(folder, argv);
  return (await run(command, args, options)).stdout;
}
