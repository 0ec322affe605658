import { lstat, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { Host } from '@cutover/host';
import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError } from '../errors.ts';
import { type GitRepository, wholeWorkTree } from '../git/repository.ts';
import { FolderLock } from '../files/lock-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { SecretSpec } from '../move/config.ts';
import { recipientGroups, updateRecipients } from '../sops/edit.ts';
import { readMetadata } from '../sops/inspect.ts';
import { formatOf } from '../sops/formats/format.ts';
import { replaceRecipient } from './recipient-lists.ts';

/** Whom to shut out, of which repository. */
export interface RevokeOptions {
  /** The machine with the repository: this one. */
  readonly host: Host;
  /** The working tree, or a folder in it: all of it is looked at. */
  readonly repository: string;
  readonly recipient: string;
  /** Who may open the files from now on instead, added to those who stay. */
  readonly add?: readonly string[] | undefined;
  readonly identities: readonly AgeIdentity[];
  /** The secrets of the config, to say which credentials are still to be replaced. */
  readonly secrets?: readonly SecretSpec[] | undefined;
  /** The path of the `secrets.yaml`, whose `recipients` a next move encrypts for. */
  readonly config?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was rewritten, and what the revoked recipient can still read in the history. */
export interface RevokeReport {
  /** The sops files that were rewritten. */
  readonly files: readonly string[];
  /** The `.sops.yaml` and `secrets.yaml` that named the recipient and do not any more. */
  readonly configs: readonly string[];
  /**
   * What the revoked recipient could open, now or at any time of the history, so a second run gives it whole too: each
   * is to be replaced at its issuer, for history keeps the old ciphertext.
   */
  readonly replace: readonly { readonly secret: string; readonly file: string; readonly issuer: string }[];
  /** Every file that the revoked recipient can still open in the history, with the commits that gave or took it. */
  readonly history: readonly { readonly file: string; readonly commits: readonly string[] }[];
}

/**
 * Shuts a recipient out of every sops file that git knows: new recipients and a new data key in one write, and out of
 * the configs that name it. All or nothing: every file is opened and rewritten in memory first, so one that cannot
 * be opened leaves all as they are, and when a write fails the ones before it are put back. So it is where another process
 * has changed one meanwhile.
 *
 * @throws {SecretsError} `KEY_INVALID` when a file or a rule would be left without recipients; `FILE_CONFLICT` when one was
 * changed meanwhile; as `decryptFile`.
 */
export async function revoke(given: RevokeOptions): Promise<RevokeReport> {
  const git = await wholeWorkTree(given.host, given.repository, { signal: given.signal });
  const options = { ...given, repository: git.path };
  const { repository, secrets = [] } = options;
  const tracked = await git.list(['ls-files', '-z']);
  const files: Change[] = [];
  for (const file of tracked) files.push(...(await rewritten(file, options)));
  const configs: Change[] = [];
  for (const path of configPaths(tracked, options)) configs.push(...(await reworded(path, options)));
  const history = await historyOf(git, given.recipient);
  const staged = await stagedFor(git, given.recipient);
  const seen = new Set([...files.map(({ file }) => file), ...staged, ...history.map(({ file }) => file)]);
  await writeAll([...files, ...configs]);
  const replace = secrets
    .filter((spec) => seen.has(spec.file))
    .map((spec) => ({
      secret: spec.name,
      file: spec.file,
      issuer: spec.issuer ?? 'unknown: name it in the config',
    }));
  return {
    files: files.map(({ file }) => file),
    configs: configs.map(({ path }) => relative(repository, path)),
    replace,
    history,
  };
}

/** A sops file for others and under a new data key, when it is one and for the recipient. */
async function rewritten(file: string, options: RevokeOptions): Promise<Change[]> {
  const { repository, recipient, add = [], identities } = options;
  const path = join(repository, file);
  const before = await readIfRegular(path);
  if (before === undefined || !before.includes(recipient)) return [];
  const metadata = await metadataOf(before, file);
  if (metadata === undefined || !recipientGroups(metadata).flat().includes(recipient)) return [];
  const groups = recipientGroups(metadata).map((group) =>
    group.includes(recipient) || metadata.groups.length === 1
      ? [...group.filter((one) => one !== recipient), ...add]
      : group,
  );
  if (groups.some((group) => group.length === 0)) {
    throw new SecretsError(
      'KEY_INVALID',
      'the file would be left without recipients; name another with --add',
      {
        file,
      },
    );
  }
  const { bytes } = await updateRecipients(before, groups.length === 1 ? (groups[0] ?? []) : groups, {
    file,
    identities,
    rotate: true,
    shamirThreshold: metadata.shamirThreshold,
  });
  return [{ file, path, before, after: bytes }];
}

async function metadataOf(
  bytes: Uint8Array,
  file: string,
): Promise<Awaited<ReturnType<typeof readMetadata>> | undefined> {
  try {
    return await readMetadata(bytes, { file, format: formatOf(file) });
  } catch (error) {
    // A file that only mentions the recipient, such as .sops.yaml.
    const others = ['NOT_ENCRYPTED', 'PARSE_FAILED', 'UNSUPPORTED'];
    if (error instanceof SecretsError && others.includes(error.code)) return undefined;
    throw error;
  }
}

function configPaths(tracked: readonly string[], { repository, config }: RevokeOptions): Set<string> {
  const rules = tracked
    .filter((file) => basename(file) === '.sops.yaml')
    .map((file) => join(repository, file));
  return new Set([join(repository, '.sops.yaml'), ...rules, ...(config === undefined ? [] : [config])]);
}

async function reworded(path: string, { recipient, add = [] }: RevokeOptions): Promise<Change[]> {
  const before = await readIfRegular(path);
  if (before === undefined) return [];
  const after = replaceRecipient(before.toString('utf8'), recipient, add, path);
  return after === undefined ? [] : [{ file: path, path, before, after: Buffer.from(after) }];
}

/** The files of the index that name the recipient. */
function stagedFor(git: GitRepository, recipient: string): Promise<string[]> {
  // It ends with 1 when it finds nothing.
  return git.list(['grep', '--cached', '-l', '-z', '-F', '-e', recipient], { reject: false });
}

/** The sops files that named the recipient in any commit, and the commits that brought it in or took it out. */
async function historyOf(git: GitRepository, recipient: string): Promise<RevokeReport['history']> {
  const { stdout } = await git.run([
    'log',
    '--all',
    '--format=%x01%H',
    '--name-only',
    '-z',
    `-S${recipient}`,
  ]);
  const commits = new Map<string, string[]>();
  for (const part of stdout.split('\u0001')) {
    const [commit = '', ...files] = part.split('\0').map((name) => name.replace(/^\n/, ''));
    for (const file of files.filter(
      (name) => name !== '' && !/^(?:.*\/)?(?:\.sops|secrets)\.yaml$/.test(name),
    ))
      commits.set(file, [...(commits.get(file) ?? []), commit]);
  }
  return [...commits].map(([file, found]) => ({ file, commits: found }));
}

interface Change {
  readonly file: string;
  readonly path: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

async function writeAll(changes: readonly Change[]): Promise<void> {
  await using lock = new FolderLock();
  const isStill = async (path: string, content: Uint8Array): Promise<boolean> => {
    await lock.take(path);
    return (await readFile(path)).equals(content);
  };
  const done: Change[] = [];
  try {
    for (const change of changes) {
      const { file, path, before, after } = change;
      if (!(await isStill(path, before)))
        throw new SecretsError('FILE_CONFLICT', 'it was changed meanwhile; nothing was revoked, try again', {
          file,
        });
      await replaceFile(path, after);
      done.push(change);
    }
  } catch (error) {
    for (const { path, before, after } of done)
      if (await isStill(path, after)) await replaceFile(path, before);
    throw error;
  }
}

/** A file's bytes; nothing for a folder, a symbolic link (git knows the file it names, or it is not git's) or none. */
async function readIfRegular(path: string): Promise<Buffer | undefined> {
  return unlessAbsent(lstat(path).then(async (found) => (found.isFile() ? readFile(path) : undefined)));
}
