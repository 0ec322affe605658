import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { AgeIdentity } from '../age/identities.ts';
import { SecretsError } from '../errors.ts';
import { removeLeftovers } from '../files/atomic-write.ts';
import { replaceOrCreateFile } from '../files/replace-file.ts';
import { type DecryptedFile, decryptFile, encryptFile } from '../sops/file.ts';
import { emitPlain } from '../sops/formats/format.ts';
import { type TreeValue, map, str } from '../sops/tree.ts';
import { contentAt } from '../sops/content.ts';
import { setValue } from '../sops/tree-path.ts';
import type { CollectedSecret } from './collect.ts';
import { formatOfSecret } from './config.ts';
import { createFingerprinter } from './fingerprint.ts';

export interface EncryptIntoRepoOptions {
  /** Everyone who may open the files. */
  readonly recipients: readonly string[];
  /** Identities that open what is there already, to see whether it is the same. */
  readonly identities: readonly AgeIdentity[];
}

/** What was done with each file, by its path in the repository. */
export interface EncryptReport {
  readonly files: readonly { readonly file: string; readonly outcome: 'written' | 'unchanged' }[];
}

/**
 * Encrypts secrets into the sops files of a git working tree, and writes the `.sops.yaml` for their recipients.
 * A file stays as it is when it decrypts to the same contents (compared by keyed HMAC) for the same recipients, so a
 * second run changes nothing. Files are replaced whole, and a killed run leaves each one old or new.
 *
 * @throws {SecretsError} `FILE_CONFLICT`: a file is there that none of the identities opens; it is not replaced.
 */
export async function encryptIntoRepo(
  repository: string,
  secrets: readonly CollectedSecret[],
  options: EncryptIntoRepoOptions,
): Promise<EncryptReport> {
  await checkRepository(repository);
  const files: { file: string; outcome: 'written' | 'unchanged' }[] = [];
  for (const [file, members] of groupByFile(secrets)) {
    files.push({ file, outcome: await encryptOne(repository, file, members, options) });
  }
  files.push({
    file: '.sops.yaml',
    outcome: await writeRules(repository, [...groupByFile(secrets).keys()], options),
  });
  return { files };
}

async function encryptOne(
  repository: string,
  file: string,
  members: readonly CollectedSecret[],
  { recipients, identities }: EncryptIntoRepoOptions,
): Promise<'written' | 'unchanged'> {
  const path = join(repository, file);
  await removeLeftovers(path);
  const [first] = members;
  if (first === undefined) return 'unchanged';
  const format = formatOfSecret(first.spec);
  const before = await readExisting(path, file, identities, format);
  if (
    before !== undefined &&
    sameRecipients(before, recipients) &&
    members.every((one) => holds(before, one))
  ) {
    return 'unchanged';
  }
  const plaintext =
    first.spec.key === undefined
      ? first.reveal()
      : await emitPlain(format, [mergedDocument(before, members, file)]);
  const encrypted = await encryptFile(plaintext, { file, format, recipients });
  await mkdir(dirname(path), { recursive: true });
  await replaceOrCreateFile(path, encrypted, { newMode: 0o644 });
  return 'written';
}

async function readExisting(
  path: string,
  file: string,
  identities: readonly AgeIdentity[],
  format: ReturnType<typeof formatOfSecret>,
): Promise<DecryptedFile | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await decryptFile(bytes, { file, format, identities });
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new SecretsError(
      'FILE_CONFLICT',
      'a file is there that does not decrypt with the given identities, so it is not replaced; give an identity that opens it, or remove it',
      { file },
      { cause: error },
    );
  }
}

/** Whether a decrypted file holds exactly this content at the secret's place. */
export function holds(file: DecryptedFile, secret: CollectedSecret): boolean {
  const content = contentAt(file, secret.spec.key);
  return content !== undefined && createFingerprinter().equal(secret.spec.name, content, secret.reveal());
}

function mergedDocument(
  before: DecryptedFile | undefined,
  members: readonly CollectedSecret[],
  file: string,
): ReturnType<typeof map> {
  const document = before?.documents[0] ?? map();
  for (const { spec, reveal } of members) {
    setValue(document, (spec.key ?? '').split('/'), textValue(reveal(), file, spec.key));
  }
  return document;
}

function textValue(content: Uint8Array, file: string, key: string | undefined): TreeValue {
  try {
    return str(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content));
  } catch {
    throw new SecretsError('UNSUPPORTED', 'the content is not UTF-8 text; give it a binary file of its own', {
      file,
      key,
    });
  }
}

function sameRecipients({ metadata }: DecryptedFile, recipients: readonly string[]): boolean {
  const [group] = metadata.groups;
  if (metadata.groups.length !== 1 || group === undefined || group.other.size > 0) return false;
  const have = group.age.map(({ recipient }) => recipient).sort();
  return have.join('\n') === [...new Set(recipients)].sort().join('\n');
}

function groupByFile(secrets: readonly CollectedSecret[]): Map<string, CollectedSecret[]> {
  const files = new Map<string, CollectedSecret[]>();
  for (const secret of secrets) files.set(secret.spec.file, [...(files.get(secret.spec.file) ?? []), secret]);
  return files;
}

/** `.sops.yaml`, so that people and the sops command encrypt new files for the same recipients. */
async function writeRules(
  repository: string,
  files: readonly string[],
  { recipients }: EncryptIntoRepoOptions,
): Promise<'written' | 'unchanged'> {
  const path = join(repository, '.sops.yaml');
  await removeLeftovers(path);
  const directories = [...new Set(files.map((file) => dirname(file)))].sort();
  const rules = directories.map((directory) => ({
    path_regex:
      directory === '.' ? '^[^/]+$' : `(^|/)${directory.replaceAll(/[.+*?^$()[\]{}|\\]/g, '\\$&')}/[^/]+$`,
    age: [...new Set(recipients)].join(','),
  }));
  const text = stringify({ creation_rules: rules }, { lineWidth: 0 });
  const before = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (before === text) return 'unchanged';
  if (before !== undefined && !before.startsWith('creation_rules:')) return 'unchanged';
  await replaceOrCreateFile(path, Buffer.from(text, 'utf8'), { newMode: 0o644 });
  return 'written';
}

async function checkRepository(repository: string): Promise<void> {
  try {
    await stat(join(repository, '.git'));
  } catch (error) {
    throw new SecretsError('REPO_INVALID', `${repository} is not a git working tree`, {}, { cause: error });
  }
}
