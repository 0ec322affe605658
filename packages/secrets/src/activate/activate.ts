import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
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
import { checkSymlinkPath, linkCustomPaths, missing } from './links.ts';
import { type Manifest, type ManifestSecret, type ManifestTemplate, parseManifest } from './manifest.ts';
import { resolveSecrets } from './resolve-secrets.ts';
import { renderTemplate } from './template.ts';
import { type Notified, UnitsError, bringBack, notifyUnits, unitsOf } from './units.ts';

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
  /**
   * The units are restarted and reloaded after this, so that it is not known whether they come up: they start only after
   * the service that runs this, and waiting for them would never end.
   */
  readonly queued: boolean;
}

/**
 * Brings a manifest's secrets to their runtime paths: everything is decrypted and checked first, then written as a
 * new generation, then one symlink is swapped and the units of what changed are restarted. When anything fails before
 * the swap, the old generation stays as it was; when a custom link cannot be made or a unit does not come up after it,
 * the swap is undone, and the units that ran before run again. Only then are older generations removed.
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
  // At the first activation of a boot nothing runs yet that could hold an old secret.
  const units =
    options.noUnits === true || previous === undefined
      ? { restarted: [], reloaded: [] }
      : unitsOf(manifest, new Set([...changes.added, ...changes.changed]));
  let notified: Notified;
  try {
    // A killed activation may have left a part of it.
    await rm(directory, { recursive: true, force: true });
    await writeGeneration(directory, files, directoryGroup);
    await checkSymlinkPath(manifest.symlinkPath);
    await swapSymlink(manifest.symlinkPath, directory);
    await linkCustomPaths(manifest, async (item) =>
      ownFiles(manifest, options) ? undefined : ownerOf(item, options.accounts ?? systemAccounts()),
    );
    notified = await notifyUnits(units, manifest.userMode);
  } catch (error) {
    if (previous !== undefined) await swapSymlink(manifest.symlinkPath, join(mountPoint, String(previous)));
    const down = error instanceof UnitsError ? await bringBack(error.told, manifest.userMode) : [];
    await rm(directory, { recursive: true, force: true });
    throw failure(error, generation, down);
  }
  await pruneGenerations(mountPoint, generation, manifest.keepGenerations);
  return { generation, previous, backing, ...changes, ...notified };
}

function failure(error: unknown, generation: number, down: readonly string[]): SecretsError {
  if (error instanceof SecretsError) return error;
  const what =
    error instanceof UnitsError
      ? `${error.failed.join(', ')} did not take up generation ${generation}; the one before is back`
      : `generation ${generation} could not be made; the one before is kept`;
  const still = down.length === 0 ? '' : `, and these do not run even so: ${down.join(', ')}`;
  return new SecretsError('ACTIVATION_FAILED', `${what}${still}`, {}, { cause: error });
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
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(missing);
  return (entries ?? [])
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(directory.length + 1));
}
