import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError } from '../errors.ts';
import { replaceContent, setInFile } from '../sops/edit.ts';
import { type DecryptedFile, encryptFile } from '../sops/file.ts';
import { type SopsFormat, emitPlain, parseEncrypted } from '../sops/formats/format.ts';
import { readableLeavesOf } from '../sops/inspect.ts';
import { sameValue, setValue, valueAt } from '../sops/tree-path.ts';
import { type TreeValue, map, str } from '../sops/tree.ts';
import type { CollectedSecret } from './collect.ts';

/** A sops file that is there, and what it holds. */
export interface ExistingFile {
  readonly bytes: Uint8Array;
  readonly opened: DecryptedFile;
}

export interface SealOptions {
  readonly file: string;
  readonly format: SopsFormat;
  readonly recipients: readonly string[];
  readonly identities: readonly AgeIdentity[];
}

/**
 * The sops file of the secrets that belong into it. One that is there for the same recipients keeps its data key, its rule
 * and the lines of what has not changed.
 *
 * @throws {SecretsError} `LEAK_FOUND`: the file's rule would leave a secret readable; `UNSUPPORTED`: one is no text.
 */
export async function sealSecrets(
  before: ExistingFile | undefined,
  members: readonly CollectedSecret[],
  options: SealOptions,
): Promise<Uint8Array> {
  const sealed =
    before !== undefined && sameRecipients(before.opened, options.recipients)
      ? await edited(before.bytes, members, options)
      : await encryptFile(await plaintextOf(before?.opened, members, options), options);
  await requireUnreadable(sealed, members, options);
  return sealed;
}

async function edited(
  bytes: Uint8Array,
  members: readonly CollectedSecret[],
  options: SealOptions,
): Promise<Uint8Array> {
  let result = bytes;
  for (const { spec, reveal } of members) {
    result =
      spec.key === undefined
        ? (await replaceContent(result, reveal(), options)).bytes
        : (await setInFile(result, spec.key.split('/'), textValue(reveal(), options.file, spec.key), options))
            .bytes;
  }
  return result;
}

async function plaintextOf(
  before: DecryptedFile | undefined,
  members: readonly CollectedSecret[],
  { file, format }: SealOptions,
): Promise<Uint8Array> {
  const [first] = members;
  if (first !== undefined && first.spec.key === undefined) return first.reveal();
  const document = before?.documents[0] ?? map();
  for (const { spec, reveal } of members)
    setValue(document, (spec.key ?? '').split('/'), textValue(reveal(), file, spec.key));
  return emitPlain(format, [document]);
}

/** A rule may leave values as they are, such as sops's own for names that end in `_unencrypted`. */
async function requireUnreadable(
  bytes: Uint8Array,
  members: readonly CollectedSecret[],
  { file, format }: SealOptions,
): Promise<void> {
  if (format === 'binary') return;
  const [document = map()] = await parseEncrypted(format, Buffer.from(bytes));
  const stands = ({ spec: { key = '' }, reveal }: CollectedSecret): boolean => {
    const value = valueAt(document, key.split('/'));
    return value !== undefined && reveal().length > 0 && sameValue(value, textValue(reveal(), file, key));
  };
  const leaks = members.every(({ spec }) => spec.key === undefined)
    ? await readableLeavesOf(bytes, { file, format })
    : members.filter(stands).map(({ spec }) => spec.key);
  if (leaks.length === 0) return;
  throw new SecretsError(
    'LEAK_FOUND',
    "it would stand in the file in plain text, as the file's rule does not encrypt it (sops leaves names that end in _unencrypted); name it otherwise",
    { file, key: leaks.join(', ') },
  );
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

/** Whether a file is for just these recipients. */
export function sameRecipients({ metadata }: DecryptedFile, recipients: readonly string[]): boolean {
  const [group] = metadata.groups;
  if (metadata.groups.length !== 1 || group === undefined || group.other.size > 0) return false;
  const have = group.age.map(({ recipient }) => recipient).sort();
  return have.join('\n') === [...new Set(recipients)].sort().join('\n');
}
