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
export function parseYaml(content: string): Documents {
  refuseCharacters(content);
  const text = withClosingsIndented(content);
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

/**
 * sops writes an empty map with a comment as `{`, the comment, and a `}` at the beginning of a line, which is outside of what
 * the map stands in. No text has that at the beginning of a line: what a value continues with is indented.
 */
function withClosingsIndented(text: string): string {
  return text.replaceAll(/(?<=\{\n)(( +)#[^\n]*\n(?: +#[^\n]*\n)*)(?=\}$)/gm, '$1$2');
}

/** The tag of the key `<<` that merges a map into the one it stands in. */
const mergeTag = 'tag:yaml.org,2002:merge';

/** A comment with the column where it stands, where that is known. */
interface ReadComment extends Comment {
  readonly column?: number | undefined;
}

const asComments = (comments: readonly ReadComment[]): Comment[] =>
  comments.map(({ text, inline }) => comment(text, inline));

type Behind = Pick<Node, 'comment' | 'range'> & { readonly flow?: boolean | undefined };

class YamlReader {
  readonly #document: Document;
  readonly #text: string;
  readonly #separators: LineSeparators;
  #expanded = 0;
  /** Comments behind the latest value that stand less deep than it, so that they belong to what is around it. */
  #outer: ReadComment[] = [];
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
    root.entries.push(...this.#takeOuter(), ...commentLines(document.comment));
    return root;
  }

  #map(node: YAMLMap, into: MapNode, depth: number): MapNode {
    this.#count(depth, node);
    into.entries.push(...commentLines(node.commentBefore));
    const seen = new Set<string>();
    for (const pair of node.items) {
      into.entries.push(...this.#takeOuter());
      const { key, before, merge } = this.#key(pair);
      if (seen.has(key)) throw this.#fail('a key occurs twice', rangeOf(pair.key) ?? rangeOf(node) ?? 0);
      seen.add(key);
      into.entries.push(...before);
      this.#entry({ key, merge }, pair.value, into, depth);
    }
    into.entries.push(...this.#ownOf(node, [...this.#outer, ...this.#behind(node)]));
    return into;
  }

  #key({ key }: Pair): { key: string; before: Comment[]; merge: boolean } {
    if (!isScalar(key)) throw this.#fail('a key is not text', rangeOf(key) ?? 0, 'UNSUPPORTED');
    const text = this.#whole(this.#separators.read(key, 'key') ?? scalarText(key), key);
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
    into.entries.push(...around.before, entry(key, this.#value(node, depth + 1), merge) satisfies Entry);
    this.#outer.unshift(...around.after);
  }

  /** A comment on the value's own line is inline; the library also gives an empty value the comment of the next line. */
  #commentsOf(node: YamlScalar | Alias): { before: Comment[]; after: ReadComment[] } {
    const before = commentLines(node.commentBefore);
    const block = isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
    const sameLine = /^[ \t]*#/.test(this.#text.slice(node.range?.[1] ?? 0, (node.range?.[1] ?? 0) + 1000));
    if (block) return { before: [...before, ...commentLines(node.comment, true)], after: [] };
    const [first, ...others] = this.#behind(node);
    if (!sameLine || first === undefined) return { before, after: this.#behind(node) };
    return { before: [...before, comment(first.text, true)], after: others };
  }

  /** The comments behind a value, each with the column where it stands, which the library does not heed. */
  #behind({ comment: text, range, flow }: Behind): ReadComment[] {
    const comments = commentLines(text);
    const tail = flow === true ? '' : this.#text.slice(range?.[1] ?? 0, range?.[2] ?? 0);
    const columns = Array.from(tail.matchAll(/^([ \t]*)#/gm), ([, blanks = '']) => blanks.length);
    if (columns.length !== comments.length) return comments;
    return comments.map((one, index) => ({ ...one, column: columns[index] }));
  }

  /** Of the comments that end a map or a list those that stand as deep; the others are left for what is around it. */
  #ownOf(node: YAMLMap | YAMLSeq, comments: readonly ReadComment[]): Comment[] {
    const at = node.range?.[0] ?? 0;
    const line = this.#text.slice(this.#text.lastIndexOf('\n', at - 1) + 1, at);
    // The library leaves out the tag and the anchor of its first key.
    const column = node.flow === true ? 0 : line.replace(/(?:[!&]\S*[ \t]+)+$/, '').length;
    const own = comments.findIndex((one) => one.column !== undefined && one.column < column);
    const end = own === -1 ? comments.length : own;
    this.#outer = comments.slice(end);
    return asComments(comments.slice(0, end));
  }

  #takeOuter(): Comment[] {
    const comments = asComments(this.#outer);
    this.#outer = [];
    return comments;
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
      list.items.push(...this.#takeOuter(), ...around.before, this.#value(item, depth + 1));
      this.#outer.unshift(...around.after);
    }
    list.items.push(...this.#ownOf(node, [...this.#outer, ...this.#behind(node)]));
    return list;
  }

  #alias(node: Alias, depth: number): TreeValue {
    this.#count(depth, node);
    const target = this.#anchors.get(node.source);
    if (target === undefined) throw this.#fail('an alias without its anchor', rangeOf(node) ?? 0);
    const value = this.#value(target, depth + 1);
    // They stand where its name does.
    this.#outer = [];
    return value;
  }

  #scalar(node: YamlScalar, depth: number): TreeValue {
    this.#count(depth, node);
    const text = this.#whole(this.#separators.read(node, 'value') ?? scalarText(node), node);
    const tag = node.tag;
    if (tag !== undefined && tag !== 'tag:yaml.org,2002:str' && tag !== '!')
      return this.#tagged(node, text, tag);
    if (node.type !== 'PLAIN' || tag !== undefined) return { type: 'str', value: text };
    const value = readPlainScalar(text);
    if (value.type === 'uint64')
      throw this.#fail('a number above int64, which sops refuses', rangeOf(node) ?? 0, 'UNSUPPORTED');
    return value;
  }

  /** Half of a surrogate pair, as an escape can name it, is no character: it could be written as U+FFFD only. */
  #whole(text: string, node: YamlScalar): string {
    if (!/\p{Surrogate}/u.test(text)) return text;
    throw this.#fail('an escape that is half of a character', rangeOf(node) ?? 0, 'UNSUPPORTED');
  }

  #tagged(node: YamlScalar, text: string, tag: string): TreeValue {
    const at = rangeOf(node) ?? 0;
    const kind = /^tag:yaml\.org,2002:(\w+)$/.exec(tag)?.[1];
    if (kind === 'binary') {
      // As Go decodes: line ends may be in it, blanks not.
      const compact = text.replace(/[\r\n]+/g, '');
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
