import { SecretsError } from '../errors.ts';
import { type SelectionRule, onlyRule, selectionKinds } from './selection.ts';
import {
  type Documents,
  type ListNode,
  type MapNode,
  type TreeValue,
  entry,
  list,
  map,
  str,
  valueOf,
} from './tree.ts';

/** The version that is written into files: the sops whose format they have. */
export const formatVersion = '3.13.2';

/** A data key (or a share of it) encrypted for one age recipient, armored. */
export interface AgeEntry {
  readonly recipient: string;
  readonly enc: string;
}

/** The keys of which any one opens the group's share; `other` are entries of kinds that only the sops binary opens. */
export interface KeyGroup {
  readonly age: readonly AgeEntry[];
  readonly other: ReadonlyMap<string, ListNode>;
}

/** The `sops` part of a file (`stores/metadata.go`). */
export interface SopsMetadata {
  /** More than one: the data key is split, and `shamirThreshold` of the groups open it. */
  readonly groups: readonly KeyGroup[];
  readonly shamirThreshold: number | undefined;
  /** RFC 3339 to the second, as it authenticates the MAC. */
  readonly lastModified: string;
  /** `ENC[…]`, or empty when a file has none. */
  readonly mac: string;
  readonly rule: SelectionRule;
  readonly macOnlyEncrypted: boolean;
  readonly version: string;
}

/** The kinds of keys that sops knows and this package does not open. */
export const foreignKinds = ['kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault', 'pgp'] as const;

/**
 * Takes the metadata out of a file's documents: read from the first, removed from all.
 *
 * @throws {SecretsError} `NOT_ENCRYPTED` when there is none, `METADATA_INVALID` when it is not sound.
 */
export function extractMetadata(documents: Documents): SopsMetadata {
  const first = documents[0];
  const tree = first === undefined ? undefined : valueOf(first, 'sops');
  if (tree === undefined)
    throw new SecretsError('NOT_ENCRYPTED', 'no sops metadata found, so this is not a sops file');
  if (tree.type !== 'map') throw invalid('sops is not a map');
  for (const document of documents) {
    const kept = document.entries.filter((item) => item.type !== 'entry' || item.key !== 'sops');
    document.entries.splice(0, document.entries.length, ...kept);
  }
  return metadataOf(tree);
}

/** Reads the `sops` map. Unknown keys are refused: what they would mean for decryption is not known. */
export function metadataOf(tree: MapNode): SopsMetadata {
  const known = new Set<string>([
    'shamir_threshold',
    'key_groups',
    'age',
    ...foreignKinds,
    'lastmodified',
    'mac',
    ...selectionKinds,
    'mac_only_encrypted',
    'version',
  ]);
  for (const item of tree.entries) {
    if (item.type === 'entry' && !known.has(item.key))
      throw invalid(`sops.${item.key.slice(0, 40)} is not a known field`);
  }
  const rules: SelectionRule[] = [];
  for (const kind of selectionKinds) {
    const value = textOf(tree, kind);
    if (value !== undefined && value !== '') rules.push({ kind, value });
  }
  const flat = groupOf(tree);
  const groups = flat.age.length > 0 || flat.other.size > 0 ? [flat] : groupsOf(valueOf(tree, 'key_groups'));
  if (groups.length === 0) throw invalid('the file names no keys');
  return {
    groups,
    shamirThreshold: thresholdOf(valueOf(tree, 'shamir_threshold'), groups.length),
    lastModified: canonicalTime(textOf(tree, 'lastmodified') ?? ''),
    mac: textOf(tree, 'mac') ?? '',
    rule: onlyRule(rules),
    macOnlyEncrypted: flagOf(valueOf(tree, 'mac_only_encrypted')),
    version: versionOf(textOf(tree, 'version')),
  };
}

/** The `sops` map of metadata, keys sorted as sops has done since 3.13. */
export function metadataTree(metadata: SopsMetadata): MapNode {
  const fields: [string, TreeValue][] = [
    ['lastmodified', str(metadata.lastModified)],
    ['mac', str(metadata.mac)],
    [metadata.rule.kind, str(metadata.rule.value)],
    ['version', str(metadata.version)],
  ];
  if (metadata.macOnlyEncrypted) fields.push(['mac_only_encrypted', { type: 'bool', value: true }]);
  if (metadata.shamirThreshold !== undefined && metadata.shamirThreshold !== 0) {
    fields.push(['shamir_threshold', { type: 'int', value: BigInt(metadata.shamirThreshold) }]);
  }
  const [only] = metadata.groups;
  if (metadata.groups.length === 1 && only !== undefined) fields.push(...groupFields(only));
  else fields.push(['key_groups', list(metadata.groups.map((group) => map(groupEntries(group))))]);
  return map(sorted(fields).map(([key, value]) => entry(key, value)));
}

function groupEntries(group: KeyGroup): MapNode['entries'] {
  const fields = groupFields(group);
  // In a group sops always writes `age` and `hc_vault`, empty too.
  for (const kind of ['age', 'hc_vault'])
    if (!fields.some(([key]) => key === kind)) fields.push([kind, list()]);
  return sorted(fields).map(([key, value]) => entry(key, value));
}

function groupFields(group: KeyGroup): [string, TreeValue][] {
  const fields: [string, TreeValue][] = [...group.other];
  if (group.age.length > 0) {
    // In each entry the keys are sorted too, so `enc` comes before `recipient`.
    const items = group.age.map(({ recipient, enc }) =>
      map([entry('enc', str(enc)), entry('recipient', str(recipient))]),
    );
    fields.push(['age', list(items)]);
  }
  return fields;
}

function sorted(fields: [string, TreeValue][]): [string, TreeValue][] {
  return fields.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function groupsOf(value: TreeValue | undefined): KeyGroup[] {
  if (value === undefined || value.type === 'null') return [];
  if (value.type !== 'list') throw invalid('sops.key_groups is not a list');
  const groups: KeyGroup[] = [];
  for (const item of value.items) {
    if (item.type === 'comment') continue;
    if (item.type !== 'map') throw invalid('a group of sops.key_groups is not a map');
    groups.push(groupOf(item));
  }
  return groups;
}

function groupOf(tree: MapNode): KeyGroup {
  const other = new Map<string, ListNode>();
  for (const kind of foreignKinds) {
    const value = listOf(valueOf(tree, kind), kind);
    if (value !== undefined) other.set(kind, value);
  }
  const age: AgeEntry[] = [];
  for (const item of listOf(valueOf(tree, 'age'), 'age')?.items ?? []) {
    if (item.type === 'comment') continue;
    const recipient = item.type === 'map' ? textOf(item, 'recipient') : undefined;
    const enc = item.type === 'map' ? textOf(item, 'enc') : undefined;
    if (recipient === undefined || enc === undefined)
      throw invalid('an entry of sops.age has no recipient or no enc');
    age.push({ recipient, enc });
  }
  return { age, other };
}

/** sops writes `[]` and `null` for none, or leaves the field out. */
function listOf(value: TreeValue | undefined, kind: string): ListNode | undefined {
  if (value === undefined || value.type === 'null') return undefined;
  if (value.type === 'map' && value.entries.length === 0) return undefined;
  if (value.type !== 'list') throw invalid(`sops.${kind} is not a list`);
  return value.items.some((item) => item.type !== 'comment') ? value : undefined;
}

function thresholdOf(value: TreeValue | undefined, groups: number): number | undefined {
  if (value === undefined || value.type === 'null') return undefined;
  const number =
    value.type === 'int' ? Number(value.value) : value.type === 'str' ? Number(value.value) : Number.NaN;
  if (!Number.isInteger(number) || number < 0 || number > 255 || number > Math.max(groups, 1)) {
    throw invalid('sops.shamir_threshold is not a number of groups');
  }
  return number;
}

/** The last field that sops writes, so its absence also tells a torn file. */
function versionOf(text: string | undefined): string {
  if (text === undefined || !/^\d+\.\d+\.\d+(?:[-+].*)?$/.test(text))
    throw invalid('sops.version is missing or cut off');
  return text;
}

function flagOf(value: TreeValue | undefined): boolean {
  if (value === undefined || value.type === 'null') return false;
  if (value.type === 'bool') return value.value;
  if (value.type === 'str' && /^(?:true|false)$/i.test(value.value))
    return value.value.toLowerCase() === 'true';
  throw invalid('sops.mac_only_encrypted is neither true nor false');
}

function textOf(tree: MapNode, key: string): string | undefined {
  const value = valueOf(tree, key);
  if (value === undefined || value.type === 'null') return undefined;
  if (value.type === 'str' || value.type === 'time') return value.value;
  if (value.type === 'float' || value.type === 'int') return value.value.toString();
  throw invalid(`sops.${key} is not text`);
}

/**
 * A time as Go parses and formats it again to the second: it authenticates the MAC in that form.
 *
 * @throws {SecretsError} `METADATA_INVALID`
 */
export function canonicalTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null || Number.isNaN(Date.parse(`${match[1]}Z`))) {
    throw invalid('sops.lastmodified is not a time of RFC 3339');
  }
  return `${match[1]}${match[2] === '+00:00' || match[2] === '-00:00' ? 'Z' : match[2]}`;
}

/** Now, as `lastmodified` is written. */
export function timestamp(now: Date = new Date()): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

function invalid(what: string): SecretsError {
  return new SecretsError('METADATA_INVALID', what);
}
