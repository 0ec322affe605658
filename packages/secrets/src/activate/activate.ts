import { readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SecretsError } from '../errors.ts';
import { readFileBounded } from '../files/read-file.ts';
import { sweepPrivateDirectories } from '../files/private-directory.ts';
import { type Accounts, systemAccounts } from './accounts.ts';
import { type Changes, compare, hasSecrets } from './changes.ts';
import {
  type Backing,
  type GenerationFile,
  generationAt,
  prepareMountPoint,
  pruneGenerations,
  swapSymlink,
  writeGeneration,
} from './generation.ts';
import { checkCustomPaths, checkSymlinkPath, linkCustomPaths, missing } from './links.ts';
import { lockActivation } from './lock.ts';
import { type Manifest, parseManifest, permissionsOf, withRuntimeDirectory } from './manifest.ts';
import { readOwed, withOwed, writeOwed } from './owed.ts';
import { type Owners, ownOwners, ownersBy } from './owners.ts';
import { resolveSecrets } from './resolve-secrets.ts';
import { renderTemplate } from './template.ts';
import { type Notified, UnitsError, bringBack, listForSwitch, notifyUnits, unitsOf } from './units.ts';

/** Which manifest is brought into effect, and what of it is left out. */
export interface ActivateOptions {
  /** The manifest's path; its relative `sopsFile`s and templates' `file`s are beside it. */
  readonly manifest: string;
  /** Owners are not looked up and files stay this user's. */
  readonly ignoreAccounts?: boolean | undefined;
  /** Do not restart or reload units. */
  readonly noUnits?: boolean | undefined;
  readonly accounts?: Accounts | undefined;
  /** How long to wait for another activation on this host, in milliseconds. Default 60,000. */
  readonly lockPatience?: number | undefined;
}

/** The new generation, the one before it, what differs between them, and what was done to units. */
export interface ActivationReport extends Changes, Notified {
  readonly generation: number;
  readonly previous: number | undefined;
  /** `undefined` of a dry run, which makes no generation. */
  readonly backing: Backing | undefined;
  /** NixOS asked only what would be done (`NIXOS_ACTION=dry-activate`). */
  readonly dry: boolean;
}

/**
 * Brings a manifest's secrets to their runtime paths: everything is decrypted and checked first, then written as a
 * new generation, then one symlink is swapped and the units of what changed are restarted. When anything fails before
 * the swap, the old generation stays as it was; when a custom link cannot be made or a unit does not come up after it,
 * the swap is undone, and the units that ran before run again. Only then are older generations removed. Activations of
 * one mount point take turns.
 *
 * @throws {SecretsError} `ACTIVATION_FAILED`, `ACTIVATION_LOCKED`, or the error of the file that could not be opened.
 *
 * @example
 * const { generation, previous } = await activate({ manifest: '/etc/secrets/manifest.json' });
 */
export async function activate(options: ActivateOptions): Promise<ActivationReport> {
  const {
    noUnits = false,
    ignoreAccounts = false,
    accounts = systemAccounts(),
    lockPatience = 60_000,
  } = options;
  const manifest = withRuntimeDirectory(
    parseManifest(await readManifest(options.manifest), options.manifest),
    process.env['XDG_RUNTIME_DIR'],
  );
  const dry = process.env['NIXOS_ACTION'] === 'dry-activate';
  const owners = ignoreAccounts || manifest.userMode || dry ? ownOwners : ownersBy(accounts);
  const { secretsMountPoint: mountPoint, symlinkPath } = manifest;
  // Plain text that a killed edit left in memory.
  if (!dry) await sweepPrivateDirectories();
  // A dry run makes nothing, so it need not wait.
  await using _lock = dry ? undefined : await lockActivation(mountPoint, lockPatience);
  await checkSymlinkPath(symlinkPath);
  const contents = await resolveSecrets(manifest, options.manifest);
  const files = await generationFiles(manifest, contents, owners, options.manifest);
  await checkCustomPaths(manifest, owners.of);
  const changes = await compare(symlinkPath, files);
  const tells = !noUnits && (await hasSecrets(symlinkPath));
  const owed = tells ? await readOwed(mountPoint) : [];
  const units = tells
    ? withOwed(unitsOf(manifest, new Set([...changes.added, ...changes.changed])), owed, manifest)
    : { restarted: [], reloaded: [] };
  const before = await readlink(symlinkPath).catch(missing);
  const previous = generationAt(before, mountPoint);
  const generation = (previous ?? 0) + 1;
  if (dry) {
    await listForSwitch('dry-activation', units);
    return { generation, previous, backing: undefined, ...changes, ...units, queued: false, dry };
  }
  const group = await owners.directoryGroup();
  const backing = await prepareMountPoint(mountPoint, manifest, group);
  const directory = join(mountPoint, String(generation));
  let notified: Notified;
  try {
    // A killed activation may have left a part of it.
    await rm(directory, { recursive: true, force: true });
    await writeGeneration(directory, files, group);
    if (tells) await writeOwed(mountPoint, [...units.restarted, ...units.reloaded]);
    await swapSymlink(symlinkPath, directory);
    await linkCustomPaths(manifest, owners.of);
    notified = await notifyUnits(units, manifest.userMode);
  } catch (error) {
    await putBack(symlinkPath, directory, before);
    const down = error instanceof UnitsError ? await bringBack(error.told, manifest.userMode) : [];
    await rm(directory, { recursive: true, force: true });
    // A note that stays only has units restarted once more; the error says more than that it could not be written.
    if (tells) await writeOwed(mountPoint, error instanceof UnitsError ? [] : owed).catch(() => undefined);
    throw failure(error, generation, down);
  }
  if (tells) await writeOwed(mountPoint, []);
  await pruneGenerations(mountPoint, generation, manifest.keepGenerations);
  return { generation, previous, backing, ...changes, ...notified, dry };
}

/** Undoes the swap, if it was done: back to what the symlink named before, or to none. */
async function putBack(symlinkPath: string, directory: string, before: string | undefined): Promise<void> {
  if ((await readlink(symlinkPath).catch(missing)) !== directory) return;
  if (before === undefined) await rm(symlinkPath);
  else await swapSymlink(symlinkPath, before);
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
    return (await readFileBounded(path)).toString('utf8');
  } catch (error) {
    const why = error instanceof SecretsError ? error.what : String(error);
    throw new SecretsError('CONFIG_INVALID', `the manifest cannot be read: ${why}`, { file: path });
  }
}

async function generationFiles(
  manifest: Manifest,
  contents: ReadonlyMap<string, Uint8Array>,
  owners: Owners,
  manifestPath: string,
): Promise<GenerationFile[]> {
  const files: GenerationFile[] = [];
  for (const secret of manifest.secrets) {
    const content = contents.get(secret.name) ?? new Uint8Array();
    files.push({ name: secret.name, content, mode: permissionsOf(secret), owner: await owners.of(secret) });
  }
  for (const template of manifest.templates) {
    const placeholders = manifest.placeholderBySecretName;
    const content = await renderTemplate(template, manifestPath, placeholders, contents);
    const name = `rendered/${template.name}`;
    files.push({ name, content, mode: permissionsOf(template), owner: await owners.of(template) });
  }
  return files;
}
