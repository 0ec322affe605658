import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError } from '../errors.ts';
import { unlessAbsent } from '@cutover/foundation/errno';
import { removeLeftovers } from '@cutover/foundation/durable-file';
import { whileLocked } from '../files/lock-file.ts';
import { replaceOrCreateFile } from '../files/replace-file.ts';
import { type DecryptedFile, decryptFile } from '../sops/file.ts';
import { contentAt } from '../sops/content.ts';
import type { CollectedSecret } from './collect.ts';
import { formatOfSecret } from './config.ts';
import { createFingerprinter } from './fingerprint.ts';
import { type ExistingFile, sameRecipients, sealSecrets } from './seal-secrets.ts';
import { writeRules } from './write-rules.ts';

/** For whom files are encrypted, and what opens those that are there already. */
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
 * second run changes nothing. Files are replaced whole, and a killed run leaves each one old or new; no other command of
 * this package changes one meanwhile.
 *
 * @throws {SecretsError} `FILE_CONFLICT`: a file is there that none of the identities opens; it is not replaced.
 * `LEAK_FOUND`: a secret would stand in its file in plain text; it is not written.
 */
export async function encryptIntoRepo(
  repository: string,
  secrets: readonly CollectedSecret[],
  options: EncryptIntoRepoOptions,
): Promise<EncryptReport> {
  await checkRepository(repository);
  const files: { file: string; outcome: 'written' | 'unchanged' }[] = [];
  for (const [file, members] of groupByFile(secrets)) {
    const path = join(repository, file);
    const encrypt = (): Promise<'written' | 'unchanged'> => encryptOne(path, file, members, options);
    const isThere = (await unlessAbsent(stat(path))) !== undefined;
    files.push({ file, outcome: isThere ? await whileLocked(path, encrypt) : await encrypt() });
  }
  files.push({
    file: '.sops.yaml',
    outcome: await writeRules(repository, [...groupByFile(secrets).keys()], options.recipients),
  });
  return { files };
}

async function encryptOne(
  path: string,
  file: string,
  members: readonly CollectedSecret[],
  { recipients, identities }: EncryptIntoRepoOptions,
): Promise<'written' | 'unchanged'> {
  await removeLeftovers(path);
  const [first] = members;
  if (first === undefined) return 'unchanged';
  const format = formatOfSecret(first.spec);
  const before = await readExisting(path, file, identities, format);
  if (
    before !== undefined &&
    sameRecipients(before.opened, recipients) &&
    members.every((one) => holds(before.opened, one))
  ) {
    return 'unchanged';
  }
  const sealed = await sealSecrets(before, members, { file, format, recipients, identities });
  await mkdir(dirname(path), { recursive: true });
  await replaceOrCreateFile(path, sealed, { newMode: 0o644 });
  return 'written';
}

async function readExisting(
  path: string,
  file: string,
  identities: readonly AgeIdentity[],
  format: ReturnType<typeof formatOfSecret>,
): Promise<ExistingFile | undefined> {
  const bytes = await unlessAbsent(readFile(path));
  if (bytes === undefined) return undefined;
  try {
    return { bytes, opened: await decryptFile(bytes, { file, format, identities }) };
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

function groupByFile(secrets: readonly CollectedSecret[]): Map<string, CollectedSecret[]> {
  const files = new Map<string, CollectedSecret[]>();
  for (const secret of secrets) files.set(secret.spec.file, [...(files.get(secret.spec.file) ?? []), secret]);
  return files;
}

async function checkRepository(repository: string): Promise<void> {
  try {
    await stat(join(repository, '.git'));
  } catch (error) {
    throw new SecretsError('REPO_INVALID', `${repository} is not a git working tree`, {}, { cause: error });
  }
}
