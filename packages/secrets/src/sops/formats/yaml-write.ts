import {
  type Comment,
  type Documents,
  type ListNode,
  type MapNode,
  type Scalar,
  type TreeValue,
} from '../tree.ts';
import { formatFloatShort } from '../go-number.ts';
import { emitText } from './yaml-text.ts';

/** sops's own indentation. */
const defaultIndent = 4;

/**
 * Writes YAML in the layout of go-yaml v3 as sops uses it, so that a file looks the same whichever tool wrote it.
 *
 * @param step - how far each level is indented.
 */
export function emitYaml(documents: Documents, step: number = defaultIndent): string {
  const writer = new YamlWriter(step);
  return documents.map((document) => writer.document(document)).join('---\n');
}

const spaces = (count: number): string => ' '.repeat(count);

class YamlWriter {
  readonly #step: number;

  constructor(step: number) {
    this.#step = step;
  }

  document(document: MapNode): string {
    const lines: string[] = [];
    if (!document.entries.some((item) => item.type === 'entry')) {
      const comments = document.entries.filter((item) => item.type === 'comment');
      return [...comments.map(({ text }) => `#${text}\n`), '{}\n'].join('');
    }
    this.#emitMap(document, 0, lines, false);
    return `${lines.join('\n')}\n`;
  }

  /** go-yaml aligns to the next multiple of the indentation. */
  #next(indent: number): number {
    return this.#step * Math.floor((indent + this.#step) / this.#step);
  }

  /** `inItem`: the first line follows a `- ` that is already written, with the comments that lead it. */
  #emitMap(node: MapNode, indent: number, lines: string[], inItem: boolean): void {
    let head: string[] = [];
    let inline: string[] = [];
    let first = inItem;
    const start = (text: string): void => {
      if (first) lines[lines.length - 1] += text;
      else lines.push(spaces(indent) + text);
      first = false;
    };
    for (const item of node.entries) {
      if (item.type === 'comment') {
        if (!first) (item.inline ? inline : head).push(`#${item.text}`);
        continue;
      }
      for (const text of head) start(text);
      head = [];
      if (item.merge === true) {
        // As go-yaml writes it.
        start('!!merge <<:');
        this.#emitValue(item.value, indent, this.#next(indent), lines, inline);
      } else if (isSimpleKey(item.key) || (beginsWithComment(item.value) && fitsOneLine(item.key))) {
        start(`${emitText(item.key)}:`);
        this.#emitValue(item.value, indent, this.#next(indent), lines, inline);
      } else {
        // Behind the value of such a key sops does not find it again.
        for (const text of inline) start(text);
        inline = [];
        const step = this.#next(indent) - indent;
        const [line = '', ...body] = emitText(item.key, { indent: this.#next(indent), step }).split('\n');
        start(`? ${line}`);
        lines.push(...body, `${spaces(indent)}:`);
        this.#emitComplexValue(item.value, indent, lines, inline);
      }
      inline = [];
    }
    trailing([...head, ...inline], indent, lines);
  }

  /** The value of such a key: a map or a list begins on the colon's own line. */
  #emitComplexValue(value: TreeValue, indent: number, lines: string[], inline: string[]): void {
    const colon = lines.length - 1;
    this.#emitValue(value, indent, this.#next(indent), lines, inline);
    if (lines[colon] !== `${spaces(indent)}:`) return;
    const [first = ''] = lines.splice(colon + 1, 1);
    lines[colon] += first.slice(indent + 1);
  }

  #emitList(node: ListNode, indent: number, lines: string[], inItem: boolean): void {
    let head: string[] = [];
    let inline: string[] = [];
    let first = inItem;
    for (const item of node.items) {
      if (item.type === 'comment') {
        if (!first) (item.inline ? inline : head).push(`#${item.text}`);
        continue;
      }
      // A comment that begins an item stands before its dash, as go-yaml has it.
      if (!first) head.push(...leadingComments(item));
      for (const text of head) lines.push(spaces(indent) + text);
      head = [];
      if (first) lines[lines.length - 1] += '-';
      else lines.push(`${spaces(indent)}-`);
      first = false;
      if (item.type === 'map' && item.entries.some(({ type }) => type === 'entry')) {
        lines[lines.length - 1] += ' ';
        this.#emitMap(item, indent + 2, lines, true);
      } else if (item.type === 'list' && item.items.some(({ type }) => type !== 'comment')) {
        lines[lines.length - 1] += ' ';
        this.#emitList(item, indent + 2, lines, true);
      } else this.#emitValue(item, indent, indent + 2, lines, inline);
      inline = [];
    }
    trailing([...head, ...inline], indent, lines);
  }

  /** What follows `key:` or `-`. `inner`: where the lines of a block are. */
  #emitValue(value: TreeValue, indent: number, inner: number, lines: string[], inline: string[]): void {
    const append = (text: string): void => {
      lines[lines.length - 1] += text;
    };
    if (value.type === 'map' && value.entries.some(({ type }) => type === 'entry')) {
      this.#emitMap(value, this.#next(indent), lines, false);
    } else if (value.type === 'list' && value.items.some(({ type }) => type !== 'comment')) {
      this.#emitList(value, this.#next(indent), lines, false);
    } else if (value.type === 'map' || value.type === 'list') {
      const [open, close] = value.type === 'map' ? '{}' : '[]';
      const comments = onlyComments(value.type === 'map' ? value.entries : value.items);
      append(` ${open}`);
      // Inside, where they are read as what they are: below, they would be comments of what follows.
      trailing(comments, this.#next(indent), lines);
      if (comments.length > 0) lines.push(spaces(this.#next(indent)));
      append(close ?? '');
    } else {
      const [header = '', ...body] = emitScalar(value, inner, inner - indent).split('\n');
      append(` ${header}`);
      if (inline.length > 0) append(` ${inline.join(' ')}`);
      lines.push(...body);
    }
  }
}

/** go-yaml writes a key of several lines, or of more than 128 bytes, behind a question mark. */
function isSimpleKey(key: string): boolean {
  return !/[\r\n\u0085\u2028\u2029]/.test(key) && Buffer.byteLength(key) <= 128;
}

/** Whether go-yaml reads a key without a question mark (`yaml_simple_key_is_valid`: 1,024 characters, the quotes too). */
const fitsOneLine = (key: string): boolean => emitText(key).length <= 1_000;

/** Behind such a key go-yaml takes a comment for the key's own, and sops then does not decrypt it. */
function beginsWithComment(value: TreeValue): boolean {
  if (value.type !== 'map' && value.type !== 'list') return false;
  const [first] = value.type === 'map' ? value.entries : value.items;
  return (
    first?.type === 'comment' || (first !== undefined && first.type !== 'entry' && beginsWithComment(first))
  );
}

function emitScalar(value: Scalar, indent: number, step: number): string {
  switch (value.type) {
    case 'str':
      return emitText(value.value, { indent, step });
    case 'bytes':
      return `!!binary ${Buffer.from(value.value).toString('base64')}`;
    case 'int':
    case 'bool':
    case 'time':
      return value.value.toString();
    case 'float':
      return emitFloat(value.value);
    default:
      return 'null';
  }
}

function emitFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  // Go would write -0, which reads back as the integer 0 and then fails the MAC.
  return Object.is(value, -0) ? '-0.0' : formatFloatShort(value);
}

/** The comments with which a map or a list in an item begins, at whatever depth. */
function leadingComments(value: TreeValue): string[] {
  if (value.type !== 'map' && value.type !== 'list') return [];
  const items = value.type === 'map' ? value.entries : value.items;
  const at = items.findIndex(({ type }) => type !== 'comment');
  const first = items[at];
  if (first === undefined || first.type === 'comment') return [];
  return [...onlyComments(items.slice(0, at)), ...(first.type === 'entry' ? [] : leadingComments(first))];
}

function onlyComments(items: readonly (TreeValue | Comment | { type: 'entry' })[]): string[] {
  return items.flatMap((item) => (item.type === 'comment' && 'text' in item ? [`#${item.text}`] : []));
}

function trailing(comments: readonly string[], indent: number, lines: string[]): void {
  for (const text of comments) lines.push(spaces(indent) + text);
}
