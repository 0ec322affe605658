import { randomBytes } from 'node:crypto';
import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError, howToSops, withFileAsync } from '../errors.ts';
import {
  type EncryptOptions,
  type FileOptions,
  type OpenedFile,
  openFile,
  sealFile,
  sealGroups,
} from './file.ts';
import { emitPlain, parsePlain } from './formats/format.ts';
import { type KeyGroup, type SopsMetadata, formatVersion, timestamp } from './metadata.ts';
import { type PathPart, setValue, unsetValue } from './tree-path.ts';
import { type Documents, type TreeValue, str } from './tree.ts';
import { requireWritable } from './writable.ts';

/** What opens the file that is changed, and the time that is written as `lastmodified` (default: now). */
export interface EditOptions extends FileOptions {
  readonly identities: readonly AgeIdentity[];
  readonly now?: Date | undefined;
}

/** A file written again: the same bytes when nothing changed. */
export interface EditResult {
  readonly bytes: Uint8Array;
  readonly changed: boolean;
}

/**
 * Sets one value of a sops file. What does not change keeps its ciphertext: only the value's own line, the MAC and
 * `lastmodified` differ, and an equal value leaves the file as it is.
 *
 * @param path - keys, and indices of lists.
 * @throws {SecretsError} as `decryptFile`; `KEY_NOT_FOUND` for an index beyond a list.
 *
 * @example
 * const file = 'secrets/app.yaml';
 * const identities = await findIdentities();
 * const { bytes } = await setInFile(await readFile(file), ['token'], 'n3w', { file, identities });
 */
export async function setInFile(
  bytes: Uint8Array,
  path: readonly PathPart[],
  value: string | TreeValue,
  options: EditOptions,
): Promise<EditResult> {
  return change(bytes, options, ([document]) => {
    if (document === undefined) throw new SecretsError('KEY_NOT_FOUND', 'the file holds no document');
    return setValue(document, path, typeof value === 'string' ? str(value) : value);
  });
}

/** Removes one value of a sops file. @throws {SecretsError} `KEY_NOT_FOUND` */
export async function unsetInFile(
  bytes: Uint8Array,
  path: readonly PathPart[],
  options: EditOptions,
): Promise<EditResult> {
  return change(bytes, options, ([document]) => {
    if (document === undefined) throw new SecretsError('KEY_NOT_FOUND', 'the file holds no document');
    unsetValue(document, path);
    return true;
  });
}

/** Replaces a sops file's whole content by a new plain text, keeping the ciphertext of what is the same. */
export async function replaceContent(
  bytes: Uint8Array,
  plaintext: Uint8Array,
  options: EditOptions,
): Promise<EditResult> {
  return withFileAsync(options.file, async () => {
    const opened = await openFile(bytes, options);
    await requireWritable(opened.format, opened.documents);
    const before = Buffer.from(await emitPlain(opened.format, opened.documents, options.layout));
    if (before.equals(plaintext)) return { bytes, changed: false };
    return seal(opened, await parsePlain(opened.format, plaintext), options);
  });
}

/** Gives a sops file a new data key, so that every value is encrypted again. Recipients stay. */
export async function rotateFile(bytes: Uint8Array, options: EditOptions): Promise<EditResult> {
  return withFileAsync(options.file, async () => {
    const opened = await openFile(bytes, options);
    refuseForeignKeys(opened.metadata);
    const dataKey = randomBytes(32);
    const groups = await sealGroups(
      dataKey,
      recipientGroups(opened.metadata),
      opened.metadata.shamirThreshold,
    );
    const metadata = {
      ...opened.metadata,
      groups,
      lastModified: timestamp(options.now),
      version: formatVersion,
    };
    const { format, documents } = opened;
    const { layout } = options;
    return { bytes: await sealFile({ format, documents, metadata, dataKey, layout }), changed: true };
  });
}

/**
 * Changes who may open a sops file, keeping its data key, its values and its MAC: a recipient who was removed can still
 * open what was written before. `rotateFile` afterwards, and a new credential at its issuer, is what shuts that recipient out.
 *
 * @param options.rotate give a new data key in the same write.
 */
export async function updateRecipients(
  bytes: Uint8Array,
  recipients: EncryptOptions['recipients'],
  options: EditOptions & {
    readonly shamirThreshold?: number | undefined;
    readonly rotate?: boolean | undefined;
  },
): Promise<EditResult> {
  return withFileAsync(options.file, async () => {
    const opened = await openFile(bytes, options);
    refuseForeignKeys(opened.metadata);
    const wanted = groupsOf(recipients);
    const threshold = wanted.length > 1 ? (options.shamirThreshold ?? wanted.length) : undefined;
    const same =
      sameGroups(recipientGroups(opened.metadata), wanted) &&
      (threshold === undefined || threshold === opened.metadata.shamirThreshold);
    if (same && options.rotate !== true) return { bytes, changed: false };
    const dataKey = options.rotate === true ? randomBytes(32) : opened.dataKey;
    const groups =
      wanted.length === 1 && options.rotate !== true
        ? [await extendGroup(opened, wanted[0] ?? [])]
        : await sealGroups(dataKey, wanted, threshold);
    const metadata: SopsMetadata = {
      ...opened.metadata,
      groups,
      shamirThreshold: threshold,
      version: formatVersion,
      ...(options.rotate === true && { lastModified: timestamp(options.now) }),
    };
    const { format, documents } = opened;
    const { layout } = options;
    const stash = options.rotate === true ? undefined : opened.stash;
    return { bytes: await sealFile({ format, documents, metadata, dataKey, stash, layout }), changed: true };
  });
}

/**
 * Adds and removes recipients and gives a new data key in the same write, so that who was removed does not open what comes.
 *
 * @throws {SecretsError} `KEY_INVALID`: one to be removed is not a recipient, or none would be left; `UNSUPPORTED`: key groups.
 */
export async function changeRecipients(
  bytes: Uint8Array,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
  options: EditOptions,
): Promise<EditResult> {
  return withFileAsync(options.file, async () => {
    const { metadata } = await openFile(bytes, options);
    const [present = [], ...more] = recipientGroups(metadata);
    if (more.length > 0)
      throw new SecretsError(
        'UNSUPPORTED',
        'it has key groups; change key_groups of .sops.yaml and run updatekeys',
      );
    const unknown = remove.filter((one) => !present.includes(one));
    if (unknown.length > 0)
      throw new SecretsError('KEY_INVALID', `it is not for ${unknown.join(', ')}; nothing was changed`);
    const wanted = [...new Set([...present.filter((one) => !remove.includes(one)), ...add])];
    return updateRecipients(bytes, wanted, { ...options, rotate: true });
  });
}

/** The recipients of a file, in their groups. */
export function recipientGroups(metadata: SopsMetadata): string[][] {
  return metadata.groups.map(({ age }) => age.map(({ recipient }) => recipient));
}

async function change(
  bytes: Uint8Array,
  options: EditOptions,
  apply: (documents: Documents) => boolean,
): Promise<EditResult> {
  return withFileAsync(options.file, async () => {
    const opened = await openFile(bytes, options);
    if (opened.format === 'binary') throw new SecretsError('UNSUPPORTED', 'a binary file has no keys to set');
    return apply(opened.documents) ? seal(opened, opened.documents, options) : { bytes, changed: false };
  });
}

async function seal(
  { format, dataKey, stash, ...opened }: OpenedFile,
  documents: Documents,
  { now, layout }: EditOptions,
): Promise<EditResult> {
  const metadata = { ...opened.metadata, lastModified: timestamp(now), version: formatVersion };
  return { bytes: await sealFile({ format, documents, metadata, dataKey, stash, layout }), changed: true };
}

/** Keeps the entries of those who stay, so that their lines do not change. */
async function extendGroup(opened: OpenedFile, recipients: readonly string[]): Promise<KeyGroup> {
  const before = opened.metadata.groups.length === 1 ? (opened.metadata.groups[0]?.age ?? []) : [];
  const kept = new Map(before.map((item) => [item.recipient, item]));
  const missing = recipients.filter((recipient) => !kept.has(recipient));
  const [fresh] = missing.length === 0 ? [] : await sealGroups(opened.dataKey, missing);
  const all = new Map([...kept, ...(fresh?.age ?? []).map((item) => [item.recipient, item] as const)]);
  return {
    age: [...new Set(recipients)].flatMap((recipient) => all.get(recipient) ?? []),
    other: new Map(),
  };
}

function groupsOf(recipients: EncryptOptions['recipients']): readonly (readonly string[])[] {
  const flat = recipients.filter((item) => typeof item === 'string');
  return flat.length > 0 || recipients.length === 0
    ? [flat]
    : recipients.filter((item) => typeof item !== 'string');
}

function sameGroups(a: readonly (readonly string[])[], b: readonly (readonly string[])[]): boolean {
  const text = (groups: readonly (readonly string[])[]): string =>
    JSON.stringify(groups.map((group) => [...new Set(group)].sort()));
  return text(a) === text(b);
}

/** Entries of kinds we cannot encrypt for would be lost, or left with the old key. */
function refuseForeignKeys({ groups }: SopsMetadata): void {
  const kinds = [...new Set(groups.flatMap(({ other }) => [...other.keys()]))];
  if (kinds.length > 0) {
    throw new SecretsError('NEEDS_SOPS', `the file is also for ${kinds.join(', ')}: ${howToSops}`);
  }
}
