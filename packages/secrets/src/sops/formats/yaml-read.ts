import { isUtf8 } from 'node:buffer';
import {
  type Alias,
  type Document,
  type Node,
  type Pair,
  type Scalar as YamlScalar,
  type YAMLMap,
  type YAMLSeq,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
} from 'yaml';
import { SecretsError } from '../../errors.ts';
import {
  type Comment,
  type Documents,
  type Entry,
  type ListNode,
  type MapNode,
  type TreeValue,
  comment,
  entry,
} from '../tree.ts';
import { readPlainScalar, readTime } from './go-scalar.ts';
import { LineSeparators, refuseCharacters } from './yaml-characters.ts';

/** Aliases are written out; this many values at most, so that nine lines cannot ask for a billion. */
const maxExpanded = 200_000;
const maxDepth = 1_000;

/**
 * Reads YAML as sops does: several documents, comments as items, aliases written out, plain scalars as Go reads them.
 *
 * @throws {SecretsError} `PARSE_FAILED` naming the line, `UNSUPPORTED` for what sops refuses, `LIMIT_EXCEEDED` for a
 * document whose aliases expand without bounds. Never any of the content.
 */
export function parseYaml(text: string): Documents {
  refuseCharacters(text);
  let parsed: ReturnType<typeof parseAllDocuments>;
  try {
    // Unique keys are checked here: the library's own check takes quadratic time.
    parsed = parseAllDocuments(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    });
  } catch {
    // The parser's message quotes its input, so it is not kept.
    throw new SecretsError('PARSE_FAILED', 'not YAML: it cannot be parsed');
  }
  const documents = Array.isArray(parsed) ? parsed : [];
  const separators = new LineSeparators(text);
  try {
    return documents.map((document) => new YamlReader(document, text, separators).read());
  } finally {
    // Also where it is no YAML for that very reason.
    separators.refuseOthers();
  }
}

/** The tag of the key `<<` that merges a map into the one it stands in. */
const mergeTag = 'tag:yaml.org,2002:merge';

class YamlReader {
  readonly #document: Document;
  readonly #text: string;
  readonly #separators: LineSeparators;
  #expanded = 0;
  /** The latest node of each name so far, which is what an alias means. */
  readonly #anchors = new Map<string, unknown>();

  constructor(document: Document, text: string, separators: LineSeparators) {
    this.#document = document;
    this.#text = text;
    this.#separators = separators;
  }

  read(): MapNode {
    const document = this.#document;
    const [problem] = document.errors;
    if (problem !== undefined) {
      throw this.#fail(`not YAML (${problem.code})`, problem.pos[0]);
    }
    const root: MapNode = { type: 'map', entries: [] };
    const { contents } = document;
    root.entries.push(...commentLines(document.commentBefore));
    if (isMap(contents)) this.#map(contents, root, 0);
    else if (isScalar(contents) && contents.source === '' && contents.type === 'PLAIN') {
      root.entries.push(...commentLines(contents.commentBefore), ...commentLines(contents.comment));
    } else if (contents !== null) {
      throw this.#fail('the top of a document must be a map', contents.range?.[0] ?? 0, 'UNSUPPORTED');
    }
    root.entries.push(...commentLines(document.comment));
    return root;
  }

  #map(node: YAMLMap, into: MapNode, depth: number): MapNode {
    this.#count(depth, node);
    into.entries.push(...commentLines(node.commentBefore));
    const seen = new Set<string>();
    for (const pair of node.items) {
      const { key, before, merge } = this.#key(pair);
      if (seen.has(key)) throw this.#fail('a key occurs twice', rangeOf(pair.key) ?? rangeOf(node) ?? 0);
      seen.add(key);
      into.entries.push(...before);
      this.#entry({ key, merge }, pair.value, into, depth);
    }
    into.entries.push(...commentLines(node.comment));
    return into;
  }

  #key({ key }: Pair): { key: string; before: Comment[]; merge: boolean } {
    if (!isScalar(key)) throw this.#fail('a key is not text', rangeOf(key) ?? 0, 'UNSUPPORTED');
    const text = this.#separators.read(key, 'key') ?? scalarText(key);
    const value = key.type === 'PLAIN' ? readPlainScalar(text) : undefined;
    if (value !== undefined && value.type !== 'str') {
      throw this.#fail(
        `a key is a ${value.type} and must be text; quote it`,
        rangeOf(key) ?? 0,
        'UNSUPPORTED',
      );
    }
    const before = [...commentLines(key.commentBefore), ...commentLines(key.comment)];
    const merge = text === '<<' && (key.tag === mergeTag || (key.type === 'PLAIN' && key.tag === undefined));
    return { key: text, before, merge };
  }

  #entry({ key, merge }: { key: string; merge: boolean }, node: unknown, into: MapNode, depth: number): void {
    const around = isScalar(node) || isAlias(node) ? this.#commentsOf(node) : { before: [], after: [] };
    into.entries.push(
      ...around.before,
      entry(key, this.#value(node, depth + 1), merge) satisfies Entry,
      ...around.after,
    );
  }

  /** A comment on the value's own line is inline; the library also gives an empty value the comment of the next line. */
  #commentsOf(node: YamlScalar | Alias): { before: Comment[]; after: Comment[] } {
    const before = commentLines(node.commentBefore);
    const block = isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
    const sameLine = /^[ \t]*#/.test(this.#text.slice(node.range?.[1] ?? 0, (node.range?.[1] ?? 0) + 1000));
    if (block || sameLine) return { before: [...before, ...commentLines(node.comment, true)], after: [] };
    return { before, after: commentLines(node.comment) };
  }

  #value(node: unknown, depth: number): TreeValue {
    if (node === null || node === undefined) return { type: 'null' };
    if (isMap(node)) return this.#map(node, { type: 'map', entries: [] }, depth);
    if (isSeq(node)) return this.#list(node, depth);
    if (isAlias(node)) return this.#alias(node, depth);
    if (isScalar(node)) return this.#scalar(node, depth);
    throw this.#fail('a value of a kind that is not known', rangeOf(node) ?? 0, 'UNSUPPORTED');
  }

  #list(node: YAMLSeq, depth: number): ListNode {
    this.#count(depth, node);
    const list: ListNode = { type: 'list', items: [] };
    list.items.push(...commentLines(node.commentBefore));
    for (const item of node.items) {
      const around = isScalar(item) || isAlias(item) ? this.#commentsOf(item) : { before: [], after: [] };
      list.items.push(...around.before, this.#value(item, depth + 1), ...around.after);
    }
    list.items.push(...commentLines(node.comment));
    return list;
  }

  #alias(node: Alias, depth: number): TreeValue {
    this.#count(depth, node);
    const target = this.#anchors.get(node.source);
    if (target === undefined) throw this.#fail('an alias without its anchor', rangeOf(node) ?? 0);
    return this.#value(target, depth + 1);
  }

  #scalar(node: YamlScalar, depth: number): TreeValue {
    this.#count(depth, node);
    const text = this.#separators.read(node, 'value') ?? scalarText(node);
    const tag = node.tag;
    if (tag !== undefined && tag !== 'tag:yaml.org,2002:str' && tag !== '!')
      return this.#tagged(node, text, tag);
    if (node.type !== 'PLAIN' || tag !== undefined) return { type: 'str', value: text };
    const value = readPlainScalar(text);
    if (value.type === 'uint64')
      throw this.#fail('a number above int64, which sops refuses', rangeOf(node) ?? 0, 'UNSUPPORTED');
    return value;
  }

  #tagged(node: YamlScalar, text: string, tag: string): TreeValue {
    const at = rangeOf(node) ?? 0;
    const kind = /^tag:yaml\.org,2002:(\w+)$/.exec(tag)?.[1];
    if (kind === 'binary') {
      const compact = text.replace(/\s+/g, '');
      const bytes = Buffer.from(compact, 'base64');
      if (bytes.toString('base64') !== compact) throw this.#fail('!!binary is not base64', at);
      return isUtf8(bytes) ? { type: 'str', value: bytes.toString('utf8') } : { type: 'bytes', value: bytes };
    }
    const value = readPlainScalar(text);
    if (kind === 'float' && value.type === 'int') return { type: 'float', value: Number(value.value) };
    if (kind === 'timestamp') {
      const time = readTime(text);
      if (time !== undefined) return { type: 'time', value: time };
    }
    if ((kind === 'int' || kind === 'float' || kind === 'bool' || kind === 'null') && value.type === kind)
      return value;
    throw this.#fail('a tag that its value does not have', at, 'UNSUPPORTED');
  }

  #count(depth: number, node: unknown): void {
    if (depth > maxDepth) throw this.#fail('nested too deep', rangeOf(node) ?? 0, 'LIMIT_EXCEEDED');
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)
      this.#anchors.set(node.anchor, node);
    // What is in the text is bounded by the text; only aliases make more of it.
    if (++this.#expanded > maxExpanded + this.#text.length) {
      throw this.#fail('its aliases expand to too many values', rangeOf(node) ?? 0, 'LIMIT_EXCEEDED');
    }
  }

  #fail(
    what: string,
    at: number,
    code: 'PARSE_FAILED' | 'UNSUPPORTED' | 'LIMIT_EXCEEDED' = 'PARSE_FAILED',
  ): SecretsError {
    return new SecretsError(code, what, { line: this.#text.slice(0, at).split('\n').length });
  }
}

function scalarText(node: YamlScalar): string {
  return typeof node.value === 'string' ? node.value : (node.source ?? '');
}

function rangeOf(node: unknown): number | undefined {
  const { range } = (
    isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node : {}
  ) as Partial<Node>;
  return range?.[0];
}

/** The library gives a comment's lines without `#`; blank lines between them are not kept, as in sops, and an empty comment comes as a space. */
function commentLines(text: string | null | undefined, inline = false): Comment[] {
  if (text === null || text === undefined) return [];
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => comment(line === ' ' ? '' : line, inline));
}
