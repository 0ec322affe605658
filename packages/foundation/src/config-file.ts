import { readFile } from 'node:fs/promises';
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { isErrno } from './errno.ts';

/** One mistake in a config file. */
export interface ConfigMistake {
  /** The key, e.g. `loops.builder.restart`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
  /** Where it is, counted from 1; absent where the file could not be read. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** What came of reading a config file: its content, or every mistake in it. */
export type ConfigReading<T> =
  | { readonly ok: true; readonly value: T; readonly text: string; readonly placeOf: PlaceOf }
  | { readonly ok: false; readonly mistakes: readonly ConfigMistake[] };

/** Makes a mistake with the place of a key, for what a schema cannot see: `placeOf(['loops', 'builder'], 'there is no …')`. */
export type PlaceOf = (path: readonly PropertyKey[], message: string) => ConfigMistake;

/**
 * Reads a YAML file and parses it by a schema.
 *
 * @param hint what to do when there is no such file, e.g. `name it with --config, or make one with cutover init`.
 */
export async function readConfigFile<T>(
  path: string,
  schema: z.ZodType<T>,
  hint: string = 'name it with --config',
): Promise<ConfigReading<T>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return { ok: false, mistakes: [{ key: '', message: whyUnread(error, hint) }] };
  }
  return parseConfig(text, schema);
}

export interface ParseConfigOptions {
  /** `<<` merges a map into the one it stands in, as in YAML 1.1. Default: false, as in YAML 1.2. */
  readonly merge?: boolean | undefined;
}

/** Parses the text of a config file. */
export function parseConfig<T>(
  text: string,
  schema: z.ZodType<T>,
  { merge = false }: ParseConfigOptions = {},
): ConfigReading<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge });
  if (document.errors.length > 0) {
    const mistakes = document.errors.map(({ pos, message }) => ({
      key: '',
      message: `not YAML: ${message}`,
      ...place(lines, pos[0]),
    }));
    return { ok: false, mistakes };
  }
  const placeOf: PlaceOf = (path, message) => ({
    key: keyText(path),
    message,
    ...place(lines, offsetOf(document, path)),
  });
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { ok: true, value: parsed.data, text, placeOf };
  return { ok: false, mistakes: parsed.error.issues.flatMap((issue) => mistakesOf(issue, [], placeOf)) };
}

/** `loops.yaml:3:5: loops.builder.restart: a duration is …`, one line for each mistake. */
export function mistakeLines(path: string, mistakes: readonly ConfigMistake[]): string[] {
  return mistakes.map(({ key, message, line, column }) => {
    const where = line === undefined ? path : `${path}:${line}:${column ?? 1}`;
    return `${where}: ${key === '' ? '' : `${key}: `}${message}`;
  });
}

function whyUnread(error: unknown, hint: string): string {
  if (isErrno(error, 'ENOENT', 'ENOTDIR')) return `there is no such file; ${hint}`;
  if (isErrno(error, 'EISDIR')) return `it is a directory, not a file; ${hint}`;
  if (isErrno(error, 'EACCES')) return 'this user may not read it';
  return `it cannot be read (${error instanceof Error ? error.message : String(error)})`;
}

function place(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Where the key of `path` is written, or of the innermost of its parents that is there. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let found = startOf(node) ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) return found;
      found = startOf(pair.key) ?? found;
      next = pair.value;
    } else if (isSeq(node)) {
      next = node.items[Number(part)];
      found = startOf(next) ?? found;
    }
    if (next === undefined) return found;
    node = next;
  }
  return found;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

type Issue = z.core.$ZodIssue;

/** An issue of the schema in plain words, each with the place of its key. */
function mistakesOf(issue: Issue, parents: readonly PropertyKey[], placeOf: PlaceOf): ConfigMistake[] {
  const path = [...parents, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        placeOf([...path, key], `there is no such key${path.length === 0 ? '' : ` in ${keyText(path)}`}`),
      );
    case 'invalid_key':
      return issue.issues.map(({ message }) => placeOf(path, message));
    case 'invalid_union':
      return unionMistakes(issue, path, placeOf);
    case 'invalid_type':
      return [placeOf(path, typeText(issue))];
    case 'invalid_value':
      return [placeOf(path, `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`)];
    case 'too_small':
    case 'too_big':
    case 'invalid_format':
      return [placeOf(path, boundText(issue))];
    default:
      return [placeOf(path, issue.message)];
  }
}

/** A schema's own words where it has some, and plain ones for the validator's. */
function boundText(issue: Issue & { readonly code: 'too_small' | 'too_big' | 'invalid_format' }): string {
  if (!/^(?:Too (?:small|big): |Invalid )/.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_format') {
    if (issue.format === 'url') return 'must be a URL, e.g. https://host.example.org';
    return issue.pattern === undefined ? `must be a valid ${issue.format}` : `must match ${issue.pattern}`;
  }
  const [bound, word, strict] =
    issue.code === 'too_small'
      ? ([issue.minimum, 'at least', 'more than'] as const)
      : ([issue.maximum, 'at most', 'less than'] as const);
  const amount = `${issue.inclusive === false ? strict : word} ${bound}`;
  const one = Number(bound) === 1;
  if (issue.origin === 'array') return `must have ${amount} ${one ? 'entry' : 'entries'}`;
  if (issue.origin === 'string') return `must have ${amount} ${one ? 'character' : 'characters'}`;
  return `must be ${amount}`;
}

/** Of a union, what keeps the value from the alternative that fits best; where none is of its kind, all that would be. */
function unionMistakes(
  { errors, message }: Issue & { readonly code: 'invalid_union' },
  path: readonly PropertyKey[],
  placeOf: PlaceOf,
): ConfigMistake[] {
  const ofItsKind = errors.filter((issues) => issues.length > 0 && !issues.some(isOfAnotherKind));
  const [closest] = ofItsKind.toSorted((a, b) => a.length - b.length);
  if (closest !== undefined) return closest.flatMap((issue) => mistakesOf(issue, path, placeOf));
  const alternatives = errors.flatMap((issues) => issues.filter(isOfAnotherKind));
  const texts = alternatives.flatMap((issue) => mistakesOf(issue, path, placeOf)).map((one) => one.message);
  return [placeOf(path, [...new Set(texts)].join(', or ') || message)];
}

function isOfAnotherKind({ code, path }: Issue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

function typeText(issue: Issue & { readonly code: 'invalid_type' }): string {
  if (issue.message !== '' && !issue.message.startsWith('Invalid input')) return issue.message;
  const wanted = typeNames[issue.expected] ?? issue.expected;
  return issue.message.endsWith('received undefined')
    ? `is missing: it must be ${wanted}`
    : `must be ${wanted}`;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
};

function keyText(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}
