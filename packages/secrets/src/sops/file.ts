import { randomBytes, timingSafeEqual } from 'node:crypto';
import { unwrapDataKey, wrapDataKey } from '../age/data-key.ts';
import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError, howToSops, withFileAsync } from '../errors.ts';
import { type NonceStash, decryptBytes, encryptBytes } from './cipher.ts';
import {
  type FileLayout,
  type SopsFormat,
  emitEncrypted,
  emitPlain,
  formatOf,
  parseEncrypted,
  parsePlain,
} from './formats/format.ts';
import {
  type KeyGroup,
  type SopsMetadata,
  extractMetadata,
  formatVersion,
  metadataTree,
  timestamp,
} from './metadata.ts';
import { type SelectionRule, defaultRule, selectorOf } from './selection.ts';
import { type Documents, entry, map, valueOf } from './tree.ts';
import { requireWritable } from './writable.ts';
import { decryptDocuments, encryptDocuments } from './walk.ts';

/** Which file it is, of what format, and how it is indented. */
export interface FileOptions {
  /** The file's name, for messages and, without `format`, for its format. */
  readonly file?: string | undefined;
  readonly format?: SopsFormat | undefined;
  /** How the file is laid out. Default: as sops does without `stores` in its config. */
  readonly layout?: FileLayout | undefined;
}

/** Who may open the file, and which of its values are encrypted. */
export interface EncryptOptions extends FileOptions {
  /** Age recipients: one list, or several groups of which `shamirThreshold` must open the file together. */
  readonly recipients: readonly string[] | readonly (readonly string[])[];
  readonly shamirThreshold?: number | undefined;
  /** Which values are encrypted; Default: sops's own rule. Binary files have no rule. */
  readonly rule?: SelectionRule | undefined;
  /** The MAC covers the encrypted values alone, as `mac_only_encrypted` of sops. Default `false`. */
  readonly macOnlyEncrypted?: boolean | undefined;
  /** For `lastmodified`. Default: now. */
  readonly now?: Date | undefined;
}

/** What opens the file, and whether its MAC is checked. */
export interface DecryptOptions extends FileOptions {
  readonly identities: readonly AgeIdentity[];
  /** Do not check the MAC: for recovery of a file that was changed or merged by hand. Each value is still authenticated. */
  readonly ignoreMac?: boolean | undefined;
}

/** A decrypted file. */
export interface DecryptedFile {
  readonly format: SopsFormat;
  /** As a plain file of the same format. */
  readonly plaintext: Uint8Array;
  readonly documents: Documents;
  readonly metadata: SopsMetadata;
}

/** A decrypted file with what is needed to write it again with few changes. Holds the data key. */
export interface OpenedFile extends Omit<DecryptedFile, 'plaintext'> {
  readonly dataKey: Uint8Array;
  readonly stash: NonceStash;
}

/**
 * Encrypts a plain file into a sops file of the same format, with a fresh data key.
 *
 * @throws {SecretsError} `ALREADY_ENCRYPTED`, `PARSE_FAILED`, `KEY_INVALID`, `RULE_INVALID`.
 *
 * @example
 * const { recipient } = generateKeyPair();
 * const sealed = await encryptFile('token: abc\n', { file: 'app.yaml', recipients: [recipient] });
 */
export async function encryptFile(
  plaintext: Uint8Array | string,
  options: EncryptOptions,
): Promise<Uint8Array> {
  return withFileAsync(options.file, async () => {
    const format = formatFor(options);
    const documents = await parsePlain(format, Buffer.from(plaintext));
    if (format !== 'binary' && documents.some((document) => valueOf(document, 'sops') !== undefined)) {
      throw new SecretsError('ALREADY_ENCRYPTED', 'the file already has a sops key at the top');
    }
    const dataKey = randomBytes(32);
    const metadata: SopsMetadata = {
      groups: await sealGroups(dataKey, options.recipients, options.shamirThreshold),
      shamirThreshold: isGrouped(options.recipients)
        ? (options.shamirThreshold ?? options.recipients.length)
        : undefined,
      lastModified: timestamp(options.now),
      mac: '',
      rule: options.rule ?? defaultRule,
      macOnlyEncrypted: options.macOnlyEncrypted ?? false,
      version: formatVersion,
    };
    return sealFile({ format, documents, metadata, dataKey, layout: options.layout });
  });
}

/**
 * Decrypts a sops file and checks its MAC.
 *
 * @throws {SecretsError} `NOT_ENCRYPTED`, `NO_IDENTITY` (none of the identities opens it), `NEEDS_SOPS` (only
 * a key or identity that the sops command knows could), `DECRYPT_FAILED` naming
 * the key, `MAC_MISMATCH`, `METADATA_INVALID`, `PARSE_FAILED`.
 *
 * @example
 * const identities = await findIdentities();
 * const { plaintext } = await decryptFile(await readFile('app.yaml'), { file: 'app.yaml', identities });
 */
export async function decryptFile(
  bytes: Uint8Array | string,
  options: DecryptOptions,
): Promise<DecryptedFile> {
  const { format, documents, metadata } = await openFile(bytes, options);
  return withFileAsync(options.file, async () => ({
    format,
    plaintext: await emitPlain(format, documents, options.layout),
    documents,
    metadata,
  }));
}

/** As `decryptFile`, keeping the data key and the nonces so that the file can be written again with few changes. */
export async function openFile(bytes: Uint8Array | string, options: DecryptOptions): Promise<OpenedFile> {
  return withFileAsync(options.file, async () => {
    const format = formatFor(options);
    const documents = await parseEncrypted(format, Buffer.from(bytes));
    const metadata = extractMetadata(documents);
    const dataKey = await openDataKey(metadata, options.identities);
    const stash: NonceStash = new Map();
    const computed = decryptDocuments(documents, {
      dataKey,
      select: await selectorOf(metadata.rule),
      macOnlyEncrypted: metadata.macOnlyEncrypted,
      stash,
    });
    if (options.ignoreMac !== true) checkMac(metadata, computed, dataKey);
    return { format, documents, metadata, dataKey, stash };
  });
}

/** What is to be written: documents in plain text, which are encrypted in place. */
export interface UnsealedFile {
  readonly format: SopsFormat;
  readonly documents: Documents;
  readonly metadata: SopsMetadata;
  readonly dataKey: Uint8Array;
  readonly stash?: NonceStash | undefined;
  readonly layout?: FileLayout | undefined;
}

/** Encrypts documents in place under a data key and writes them with their metadata. */
export async function sealFile(file: UnsealedFile): Promise<Uint8Array> {
  const { format, documents, metadata, dataKey, stash, layout } = file;
  refuseOwnKey(format, documents);
  await requireWritable(format, documents);
  const { rule, macOnlyEncrypted, lastModified } = metadata;
  const select = await selectorOf(rule);
  const mac = encryptDocuments(documents, { dataKey, select, macOnlyEncrypted, stash });
  const sealed = macStands(metadata, mac, dataKey)
    ? metadata.mac
    : encryptBytes(Buffer.from(mac, 'utf8'), 'str', dataKey, lastModified);
  const tree = metadataTree({ ...metadata, mac: sealed });
  return emitEncrypted(
    format,
    documents.map((document) => map([...document.entries, entry('sops', tree)])),
    layout,
  );
}

/** A key that sops has its metadata under would make a file that cannot be read again. */
function refuseOwnKey(format: SopsFormat, documents: Documents): void {
  if (format === 'binary') return;
  const isOwn = (key: string): boolean => key === 'sops' || (format === 'dotenv' && key.startsWith('sops_'));
  for (const item of documents.flatMap(({ entries }) => entries)) {
    if (item.type !== 'entry' || !isOwn(item.key)) continue;
    const what = "a key of this name is sops's own; a value needs another one";
    throw new SecretsError('UNSUPPORTED', what, { key: item.key });
  }
}

/** Whether the MAC that the file already has is still the right one, so that its line can stay. */
function macStands({ mac, lastModified }: SopsMetadata, computed: string, dataKey: Uint8Array): boolean {
  if (mac === '') return false;
  try {
    return Buffer.from(decryptBytes(mac, dataKey, lastModified).bytes).toString('utf8') === computed;
  } catch (error) {
    if (error instanceof SecretsError) return false;
    throw error;
  }
}

function checkMac(metadata: SopsMetadata, computed: string, dataKey: Uint8Array): void {
  const mismatch = (cause?: unknown): SecretsError =>
    new SecretsError(
      'MAC_MISMATCH',
      'the MAC does not match: values, their order or lastmodified were changed',
      {},
      {
        cause,
      },
    );
  if (metadata.mac === '') throw mismatch();
  let found: Uint8Array;
  try {
    found = decryptBytes(metadata.mac, dataKey, metadata.lastModified).bytes;
  } catch (error) {
    throw mismatch(error);
  }
  const expected = Buffer.from(computed, 'utf8');
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) throw mismatch();
}

async function openDataKey(metadata: SopsMetadata, identities: readonly AgeIdentity[]): Promise<Uint8Array> {
  const shares: Uint8Array[] = [];
  for (const group of metadata.groups) {
    const share = await openGroup(group, identities);
    if (share !== undefined) shares.push(share);
    if (share !== undefined && metadata.groups.length === 1) return wholeKey(share);
  }
  const needed = metadata.groups.length === 1 ? 1 : (metadata.shamirThreshold ?? metadata.groups.length);
  if (shares.length < needed) throw noIdentity(metadata, identities, shares.length, needed);
  const { combineShares } = await import('./shamir.ts');
  return wholeKey(combineShares(shares.slice(0, needed)));
}

function wholeKey(key: Uint8Array): Uint8Array {
  if (key.length !== 32) throw new SecretsError('DECRYPT_FAILED', 'the data key has a wrong length');
  return key;
}

async function openGroup(
  group: KeyGroup,
  identities: readonly AgeIdentity[],
): Promise<Uint8Array | undefined> {
  for (const { enc } of group.age) {
    const share = await unwrapDataKey(enc, identities);
    if (share !== undefined) return share;
  }
  return undefined;
}

function noIdentity(
  metadata: SopsMetadata,
  identities: readonly AgeIdentity[],
  opened: number,
  needed: number,
): SecretsError {
  const recipients = metadata.groups.flatMap(({ age }) => age.map(({ recipient }) => recipient));
  const foreign = [...new Set(metadata.groups.flatMap(({ other }) => [...other.keys()]))];
  if (recipients.length === 0 && foreign.length > 0)
    return new SecretsError('NEEDS_SOPS', `the file is for ${foreign.join(', ')} only: ${howToSops}`);
  const plugins = identities.flatMap((identity) => ('plugin' in identity ? [identity.plugin] : []));
  const groups = needed > 1 ? ` (${opened} of the ${needed} key groups that are needed were opened)` : '';
  const unopened = `none of the identities opens the file${groups}; it is for ${recipients.join(', ') || 'no age recipient'}`;
  if (plugins.length > 0) {
    const which = [...new Set(plugins)].join(', ');
    return new SecretsError(
      'NEEDS_SOPS',
      `${unopened}, and there is an identity of the plugin ${which}: ${howToSops}`,
    );
  }
  const hint = foreign.length === 0 ? '' : ` and for ${foreign.join(', ')}: ${howToSops}`;
  return new SecretsError('NO_IDENTITY', `${unopened}${hint}`);
}

/** Encrypts a data key, or its shares, for groups of recipients. */
export async function sealGroups(
  dataKey: Uint8Array,
  recipients: EncryptOptions['recipients'],
  threshold?: number,
): Promise<KeyGroup[]> {
  const groups = isGrouped(recipients) ? recipients : [recipients];
  if (groups.length === 0 || groups.some((group) => group.length === 0)) {
    throw new SecretsError(
      'KEY_INVALID',
      'no recipients are given; name at least one, or the file could never be opened',
    );
  }
  let shares: Uint8Array[] = [dataKey];
  if (groups.length > 1) {
    const { splitShares } = await import('./shamir.ts');
    shares = splitShares(dataKey, groups.length, threshold ?? groups.length);
  }
  return Promise.all(
    groups.map(async (group, index) => ({
      age: await Promise.all(
        [...new Set(group)].map(async (recipient) => ({
          recipient,
          enc: await wrapDataKey(shares[index] ?? dataKey, recipient),
        })),
      ),
      other: new Map(),
    })),
  );
}

function isGrouped(recipients: EncryptOptions['recipients']): recipients is readonly (readonly string[])[] {
  return recipients.length > 0 && recipients.every((item) => typeof item !== 'string');
}

function formatFor({ file, format }: FileOptions): SopsFormat {
  return format ?? (file === undefined ? 'yaml' : formatOf(file));
}
