import { parseConfig } from '@cutover/foundation/config-file';
import { dirname, relative, resolve } from 'node:path';
import * as z from 'zod';
import { readFileBounded } from '../files/read-file.ts';
import { ConfigError } from '../config-error.ts';
import { SecretsError, howToSops } from '../errors.ts';
import { findConfig } from './find-config.ts';
import type { FileLayout } from './formats/format.ts';
import { compileGoRegex } from './go-regex.ts';
import { type SelectionRule, onlyRule, selectionKinds } from './selection.ts';

/** As Go reads it into a string: numbers and booleans too. */
const text = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .transform((value) => (value === undefined || value === null ? undefined : String(value)));
/** go-yaml takes YAML 1.1's words where a boolean is wanted. */
const flag = z
  .union([z.boolean(), z.string().regex(/^(?:y|yes|on|n|no|off)$/i, 'must be true or false')])
  .nullish()
  .transform((value) => (typeof value === 'string' ? /^(?:y|yes|on)$/i.test(value) : (value ?? undefined)));
const indent = z.int().min(-1).nullish();
const layout = z.looseObject({ indent }).nullish();
const names = z.union([z.string(), z.array(z.string())]).nullish();
const group = z.looseObject({ age: z.array(z.string()).nullish() });
const rule = z.looseObject({
  path_regex: text,
  age: names,
  key_groups: z.array(group).nullish(),
  shamir_threshold: z.int().nullish(),
  unencrypted_suffix: text,
  encrypted_suffix: text,
  unencrypted_regex: text,
  encrypted_regex: text,
  unencrypted_comment_regex: text,
  encrypted_comment_regex: text,
  mac_only_encrypted: flag,
});
const schema = z.looseObject({
  creation_rules: z.array(rule).nullish(),
  stores: z.looseObject({ yaml: layout, json: layout, json_binary: layout }).nullish(),
});

/** Keys that only the sops binary encrypts for, as `.sops.yaml` names them. */
const foreign = [
  'kms',
  'pgp',
  'gcp_kms',
  'hckms',
  'azure_keyvault',
  'hc_vault_transit_uri',
  'hc_vault',
  'merge',
];

/** What `.sops.yaml` says about a file. */
export interface CreationRule {
  /** The config file it stands in. */
  readonly from: string;
  readonly recipients: readonly (readonly string[])[];
  readonly shamirThreshold: number | undefined;
  readonly rule: SelectionRule;
  readonly macOnlyEncrypted: boolean;
}

/**
 * The creation rule of a file: `.sops.yaml` is looked for upward from the file's folder, and the first rule whose
 * `path_regex` matches the path relative to it wins, as in sops. (sops itself looks from the current folder upward.)
 *
 * @param config - a config file to use instead of looking for one.
 * @throws {SecretsError} `RULE_INVALID` no config, no rule or a pattern that is refused; `NEEDS_SOPS` for keys that
 * only the sops binary knows.
 */
export async function creationRuleFor(file: string, config?: string): Promise<CreationRule> {
  const path = resolve(file);
  const from = config === undefined ? await findConfig(dirname(path)) : resolve(config);
  if (from === undefined)
    throw new SecretsError(
      'RULE_INVALID',
      'no .sops.yaml was found from its folder upward; write one with creation_rules, or name recipients with --recipient',
      { file },
    );
  const found = await matchingRule((await readFileBounded(from)).toString('utf8'), from, path);
  if (found === undefined)
    throw new SecretsError('RULE_INVALID', `no creation rule of ${from} matches`, { file });
  return { from, ...understood(found, from) };
}

/**
 * Which values of a file its creation rule encrypts, with any recipients; `undefined` where there is no config, or no
 * rule that matches.
 *
 * @throws {SecretsError} `RULE_INVALID` a config or a pattern that is refused.
 */
export async function selectionFor(
  file: string,
  config?: string,
): Promise<Pick<CreationRule, 'from' | 'rule' | 'macOnlyEncrypted'> | undefined> {
  const path = resolve(file);
  const from = config === undefined ? await findConfig(dirname(path)) : resolve(config);
  if (from === undefined) return undefined;
  const found = await matchingRule((await readFileBounded(from)).toString('utf8'), from, path);
  return found && { from, ...selectionOf(found) };
}

/**
 * The first rule that matches a file.
 *
 * @param from - the path of the config with this text, from which the file's is taken.
 * @throws {SecretsError} `RULE_INVALID`: not a config of sops, or a pattern that is refused.
 */
export async function matchingRule(
  content: string,
  from: string,
  file: string,
): Promise<z.output<typeof rule> | undefined> {
  const name = relative(dirname(from), file);
  for (const found of parseRules(content, from).creation_rules ?? []) {
    const { path_regex: pattern = '' } = found;
    if (pattern === '' || (await compileGoRegex(pattern))(name)) return found;
  }
  return undefined;
}

function understood(found: z.output<typeof rule>, from: string): Omit<CreationRule, 'from'> {
  const groups =
    (found.key_groups ?? []).length > 0 ? (found.key_groups ?? []) : [{ ...found, age: listOf(found.age) }];
  const kinds = foreign.filter((kind) => [found, ...groups].some((item) => isGiven(Reflect.get(item, kind))));
  if (kinds.length > 0) {
    throw new SecretsError('NEEDS_SOPS', `the creation rule asks for ${kinds.join(', ')}: ${howToSops}`, {
      file: from,
    });
  }
  return {
    recipients: groups.map(({ age }) => [...new Set((age ?? []).flatMap(listOf))]),
    shamirThreshold: found.shamir_threshold ?? undefined,
    ...selectionOf(found),
  };
}

function selectionOf(found: z.output<typeof rule>): Pick<CreationRule, 'rule' | 'macOnlyEncrypted'> {
  const selection = selectionKinds.flatMap((kind): SelectionRule[] => {
    const value = found[kind];
    return value === undefined || value === '' ? [] : [{ kind, value }];
  });
  return { rule: onlyRule(selection), macOnlyEncrypted: found.mac_only_encrypted ?? false };
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);

function listOf(value: string | readonly string[] | null | undefined): string[] {
  const items = typeof value === 'string' ? value.split(',') : (value ?? []);
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function parseRules(content: string, file: string): z.output<typeof schema> {
  const read = parseConfig(content, schema, { merge: true });
  if (!read.ok) throw new ConfigError(file, read.mistakes, 'RULE_INVALID');
  return read.value;
}

/** How files are laid out by `stores` of a `.sops.yaml` with this text. @throws {ConfigError} `RULE_INVALID` */
export function layoutIn(content: string, file: string): FileLayout {
  const { stores } = parseRules(content, file);
  const blanks = (value: number | null | undefined, least: number): number | undefined =>
    value === undefined || value === null || value < least ? undefined : value;
  return {
    yaml: blanks(stores?.yaml?.indent, 1),
    json: blanks(stores?.json?.indent, 0),
    binary: blanks(stores?.json_binary?.indent, 0),
  };
}
