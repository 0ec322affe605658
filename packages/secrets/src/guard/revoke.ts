import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '@cutover/host';
import type { AgeIdentity } from '../age/identities.ts';
import { SecretsError } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-write.ts';
import type { SecretSpec } from '../move/config.ts';
import { recipientGroups, updateRecipients } from '../sops/edit.ts';
import { readMetadata } from '../sops/inspect.ts';
import { formatOf } from '../sops/formats/format.ts';

export interface RevokeOptions {
  /** The machine with the repository: this one. */
  readonly host: Host;
  readonly repository: string;
  readonly recipient: string;
  /** Who may open the files from now on instead, added to those who stay. */
  readonly add?: readonly string[];
  readonly identities: readonly AgeIdentity[];
  /** The secrets of the config, to say which credentials are still to be replaced. */
  readonly secrets?: readonly SecretSpec[];
  readonly signal?: AbortSignal;
}

export interface RevokeReport {
  readonly files: readonly string[];
  /** What the revoked recipient has seen: each is to be replaced at its issuer, for history keeps the old ciphertext. */
  readonly replace: readonly { readonly secret: string; readonly file: string; readonly issuer: string }[];
}

/**
 * Shuts a recipient out of every sops file that git knows: new recipients and a new data key in one write. All or
 * nothing: every file is opened and written anew in memory first, so one that cannot be opened leaves all as they
 * are, and when a write fails the ones before it are put back.
 *
 * @throws {SecretsError} `KEY_INVALID` when a file would be left with nobody; as `decryptFile`.
 */
export async function revoke(options: RevokeOptions): Promise<RevokeReport> {
  const { repository, recipient, add = [], identities } = options;
  const files = await filesFor(options);
  const changes: Change[] = [];
  for (const file of files) {
    const path = join(repository, file);
    const before = await readFile(path);
    const metadata = await readMetadata(before, { file });
    const groups = recipientGroups(metadata).map((group) => [
      ...group.filter((one) => one !== recipient),
      ...add,
    ]);
    if (groups.some((group) => group.length === 0)) {
      throw new SecretsError('KEY_INVALID', 'nobody would be left who could open it; add a recipient', {
        file,
      });
    }
    const { bytes } = await updateRecipients(before, groups.length === 1 ? (groups[0] ?? []) : groups, {
      file,
      identities,
      rotate: true,
      ...(metadata.shamirThreshold !== undefined && { shamirThreshold: metadata.shamirThreshold }),
    });
    changes.push({ path, before, after: bytes, mode: (await stat(path)).mode & 0o777 });
  }
  await writeAll(changes);
  const touched = new Set(files);
  const replace = (options.secrets ?? [])
    .filter((spec) => touched.has(spec.file))
    .map((spec) => ({
      secret: spec.name,
      file: spec.file,
      issuer: spec.issuer ?? 'unknown: name it in the config',
    }));
  return { files, replace };
}

async function filesFor({ host, repository, recipient, signal }: RevokeOptions): Promise<string[]> {
  const { stdout } = await host.run(['git', 'ls-files', '-z'], {
    cwd: repository,
    ...(signal && { signal }),
  });
  const found: string[] = [];
  for (const file of stdout.split('\0').filter((name) => name !== '')) {
    const bytes = await readFile(join(repository, file)).catch(absent);
    if (bytes === undefined || !bytes.includes(recipient)) continue;
    try {
      const metadata = await readMetadata(bytes, { file, format: formatOf(file) });
      if (recipientGroups(metadata).flat().includes(recipient)) found.push(file);
    } catch (error) {
      // A file that only mentions the recipient, such as .sops.yaml.
      if (
        !(error instanceof SecretsError) ||
        !['NOT_ENCRYPTED', 'PARSE_FAILED', 'UNSUPPORTED'].includes(error.code)
      )
        throw error;
    }
  }
  return found;
}

interface Change {
  readonly path: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly mode: number;
}

async function writeAll(changes: readonly Change[]): Promise<void> {
  const done: Change[] = [];
  try {
    for (const change of changes) {
      await writeFileAtomic(change.path, change.after, { mode: change.mode });
      done.push(change);
    }
  } catch (error) {
    for (const { path, before, mode } of done) await writeFileAtomic(path, before, { mode });
    throw error;
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
    return undefined;
  throw error;
}
