import { appendFile, chmod, lstat, mkdir, readFile, readlink, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SecretsError } from '../errors.ts';
import { type Accounts, systemAccounts } from './accounts.ts';
import {
  type Backing,
  type GenerationFile,
  currentGeneration,
  prepareMountPoint,
  pruneGenerations,
  swapSymlink,
  writeGeneration,
} from './generation.ts';
import { type Manifest, type ManifestSecret, type ManifestTemplate, parseManifest } from './manifest.ts';
import { resolveSecrets } from './resolve-secrets.ts';
import { renderTemplate } from './template.ts';

export interface ActivateOptions {
  /** The manifest's path; its relative `sopsFile`s are beside it. */
  readonly manifest: string;
  /** Owners are not looked up and files stay this user's. */
  readonly ignoreAccounts?: boolean;
  /** Do not restart or reload units. */
  readonly noUnits?: boolean;
  readonly accounts?: Accounts;
}

export interface ActivationReport {
  readonly generation: number;
  readonly previous: number | undefined;
  readonly backing: Backing;
  /** Names of secrets and templates. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly restarted: readonly string[];
  readonly reloaded: readonly string[];
}

/**
 * Brings a manifest's secrets to their runtime paths: everything is decrypted and checked first, then written as a
 * new generation, then one symlink is swapped. When anything fails before the swap, the old generation stays as it
 * was; when a custom link cannot be made after it, the swap is undone.
 *
 * @throws {SecretsError} `ACTIVATION_FAILED`, or the error of the file that could not be opened.
 */
export async function activate(options: ActivateOptions): Promise<ActivationReport> {
  const manifest = parseManifest(await readManifest(options.manifest), options.manifest);
  const contents = await resolveSecrets(manifest, options.manifest);
  const files = await generationFiles(manifest, contents, options);
  const mountPoint = manifest.secretsMountPoint;
  const backing = await prepareMountPoint(mountPoint, manifest);
  const previous = await currentGeneration(manifest.symlinkPath, mountPoint);
  const directoryGroup = ownFiles(manifest, options)
    ? undefined
    : await keysGroup(options.accounts ?? systemAccounts());
  const changes = await compare(
    previous === undefined ? undefined : join(mountPoint, String(previous)),
    files,
  );
  const generation = (previous ?? 0) + 1;
  const directory = join(mountPoint, String(generation));
  try {
    // A killed activation may have left a part of it.
    await rm(directory, { recursive: true, force: true });
    await writeGeneration(directory, files, directoryGroup);
    await checkSymlinkPath(manifest.symlinkPath);
    await swapSymlink(manifest.symlinkPath, directory);
    await linkCustomPaths(manifest, options);
  } catch (error) {
    if (previous !== undefined) await swapSymlink(manifest.symlinkPath, join(mountPoint, String(previous)));
    await rm(directory, { recursive: true, force: true });
    throw error instanceof SecretsError
      ? error
      : new SecretsError(
          'ACTIVATION_FAILED',
          `generation ${generation} could not be made; the one before is kept`,
          {},
          {
            cause: error,
          },
        );
  }
  await pruneGenerations(mountPoint, generation, manifest.keepGenerations);
  const units =
    options.noUnits === true
      ? { restarted: [], reloaded: [] }
      : await notifyUnits(manifest, changes, previous);
  return { generation, previous, backing, ...changes, ...units };
}

async function readManifest(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new SecretsError('CONFIG_INVALID', 'the manifest cannot be read', { file: path }, { cause: error });
  }
}

async function generationFiles(
  manifest: Manifest,
  contents: ReadonlyMap<string, Uint8Array>,
  options: ActivateOptions,
): Promise<GenerationFile[]> {
  const accounts = options.accounts ?? systemAccounts();
  const own = ownFiles(manifest, options);
  const files: GenerationFile[] = [];
  for (const secret of manifest.secrets) {
    const content = contents.get(secret.name) ?? new Uint8Array();
    const owner = own ? { uid: undefined, gid: undefined } : await ownerOf(secret, accounts);
    files.push({ name: secret.name, content, mode: Number.parseInt(secret.mode, 8), ...owner });
  }
  for (const template of manifest.templates) {
    const content = await renderTemplate(template, manifest.placeholderBySecretName, contents);
    const owner = own ? { uid: undefined, gid: undefined } : await ownerOf(template, accounts);
    files.push({
      name: `rendered/${template.name}`,
      content,
      mode: Number.parseInt(template.mode, 8),
      ...owner,
    });
  }
  return files;
}

/** Files stay this user's: in user mode, or when accounts must not be looked at. */
function ownFiles(manifest: Manifest, options: ActivateOptions): boolean {
  return options.ignoreAccounts === true || manifest.userMode;
}

/** Who may enter the generations' directories: the group `keys` of NixOS, `nogroup` elsewhere, as in sops-nix. */
async function keysGroup(accounts: Accounts): Promise<number> {
  for (const name of ['keys', 'nogroup']) {
    try {
      return await accounts.group(name);
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
    }
  }
  return 0;
}

/** As in sops-nix: a name counts before a number, and without a group it is root's. */
async function ownerOf(
  { owner, uid, group, gid }: ManifestSecret | ManifestTemplate,
  accounts: Accounts,
): Promise<{ uid: number; gid: number }> {
  const user = owner === undefined || owner === '' ? (uid ?? 0) : await accounts.user(owner);
  const members = group === undefined || group === '' ? (gid ?? 0) : await accounts.group(group);
  return { uid: user, gid: members };
}

interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

async function compare(before: string | undefined, files: readonly GenerationFile[]): Promise<Changes> {
  const added: string[] = [];
  const changed: string[] = [];
  for (const { name, content } of files) {
    const old = before === undefined ? undefined : await readFile(join(before, name)).catch(missing);
    if (old === undefined) added.push(name);
    else if (!old.equals(content)) changed.push(name);
  }
  const names = new Set(files.map(({ name }) => name));
  const removed = before === undefined ? [] : (await filesBelow(before)).filter((name) => !names.has(name));
  return { added, changed, removed };
}

async function filesBelow(directory: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises');
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(missing);
  return (entries ?? [])
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(directory.length + 1));
}

/** `/run/secrets` must be ours to swap: a symlink, or nothing. */
async function checkSymlinkPath(path: string): Promise<void> {
  const found = await lstat(path).catch(missing);
  if (found !== undefined && !found.isSymbolicLink()) {
    throw new SecretsError(
      'ACTIVATION_FAILED',
      `${path} is not a symlink; move it away, then activate again`,
    );
  }
}

/** Links each secret with a path of its own; a link that is right is left alone. */
async function linkCustomPaths(manifest: Manifest, options: ActivateOptions): Promise<void> {
  const links = [
    ...manifest.secrets.map((secret) => ({ item: secret, target: join(manifest.symlinkPath, secret.name) })),
    ...manifest.templates.map((template) => ({
      item: template,
      target: join(manifest.symlinkPath, 'rendered', template.name),
    })),
  ];
  const own = ownFiles(manifest, options);
  const accounts = options.accounts ?? systemAccounts();
  for (const { item, target } of links) {
    if (item.path === target || item.path === '') continue;
    const owner = own ? undefined : await ownerOf(item, accounts);
    const found = await lstat(item.path).catch(missing);
    const fits = owner === undefined || (found?.uid === owner.uid && found.gid === owner.gid);
    if (fits && (await readlink(item.path).catch(missing)) === target) continue;
    if (found?.isDirectory() === true) {
      throw new SecretsError(
        'ACTIVATION_FAILED',
        `${item.path} is a directory; move it away, then activate again`,
      );
    }
    await makeParents(item.path);
    await swapSymlink(item.path, target, owner);
  }
}

/** Makes the missing folders above `path` such that everybody can pass through them, under any umask, as sops-nix does. */
async function makeParents(path: string): Promise<void> {
  const first = await mkdir(dirname(path), { recursive: true });
  if (first === undefined) return;
  for (let folder = dirname(path); folder.length >= first.length; folder = dirname(folder))
    await chmod(folder, 0o755);
}

/** Restarts and reloads the units of what changed: by systemd, or on NixOS by the lists that its switch reads. */
async function notifyUnits(
  manifest: Manifest,
  changes: Changes,
  previous: number | undefined,
): Promise<{ restarted: string[]; reloaded: string[] }> {
  // At the first activation of a boot nothing runs yet that could hold an old secret.
  if (previous === undefined) return { restarted: [], reloaded: [] };
  const touched = new Set([...changes.added, ...changes.changed]);
  const items = [
    ...manifest.secrets.filter(({ name }) => touched.has(name)),
    ...manifest.templates.filter(({ name }) => touched.has(`rendered/${name}`)),
  ];
  const restarted = [...new Set(items.flatMap((item) => item.restartUnits))];
  const reloaded = [...new Set(items.flatMap((item) => item.reloadUnits))].filter(
    (unit) => !restarted.includes(unit),
  );
  const action = process.env['NIXOS_ACTION'];
  if (action !== undefined) {
    const list = action === 'dry-activate' ? 'dry-activation' : 'activation';
    await mkdir('/run/nixos', { recursive: true });
    await appendList(`/run/nixos/${list}-restart-list`, restarted);
    await appendList(`/run/nixos/${list}-reload-list`, reloaded);
  } else {
    const run = promisify(execFile);
    if (restarted.length > 0) await run('systemctl', ['try-restart', '--', ...restarted]);
    if (reloaded.length > 0) await run('systemctl', ['try-reload-or-restart', '--', ...reloaded]);
  }
  return { restarted, reloaded };
}

async function appendList(path: string, units: readonly string[]): Promise<void> {
  if (units.length > 0) await appendFile(path, units.map((unit) => `${unit}\n`).join(''));
}

function missing(error: unknown): undefined {
  if (
    error instanceof Error &&
    'code' in error &&
    ['ENOENT', 'EINVAL', 'ENOTDIR'].includes(String(error.code))
  ) {
    return undefined;
  }
  throw error;
}
