import { Lexer, type Scalar } from 'yaml';
import { SecretsError } from '../../errors.ts';

/** What go-yaml's reader refuses as it is (`readerc.go`), and a carriage return alone, where the libraries differ. */
const refused = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x84\x86-\x9F\uFFFE\uFFFF]|\r(?!\n)/; // oxlint-disable-line no-control-regex

/** @throws {SecretsError} `UNSUPPORTED` for a character that go-yaml does not read as it stands there, naming its line. */
export function refuseCharacters(text: string): void {
  const control = refused.exec(text);
  if (control !== null) throw refusal(text, control.index, 'a control character');
  const nextLine = text.indexOf('\u0085');
  // go-yaml reads it as a newline, so a value with it would come back as another one.
  if (nextLine >= 0) throw refusal(text, nextLine, 'a line separator of Unicode');
  if (text.includes(byteOrderMark, 1)) refuseMarkInComment(text);
}

const byteOrderMark = '\uFEFF';

/**
 * YAML has no byte order mark in comments, where it cannot be an escape. go-yaml takes it in most places, and stops at one
 * that lies across two of its buffers: whether sops reads the file would depend on how long all before it is.
 */
function refuseMarkInComment(text: string): void {
  let at = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    const isMarker = markers.has(token);
    if (!isMarker && !isScalar && token.startsWith('#') && token.includes(byteOrderMark))
      throw refusal(text, at, 'a byte order mark', 'take it out of the comment');
    if (!isMarker) at += token.length;
    isScalar = token === scalarMarker;
  }
}

/** What the lexer puts between the tokens of the text: a document, a flow collection that ends early, a scalar. */
const scalarMarker = '\u001f';
const markers: ReadonlySet<string> = new Set(['\u0002', '\u0018', scalarMarker]);

/**
 * U+2028 and U+2029 as they are: go-yaml breaks lines there and YAML 1.2 does not, so the two would read different
 * values. sops itself writes them in a value or key between single quotes, and there they are read as go-yaml does;
 * everywhere else they are refused.
 */
export class LineSeparators {
  readonly #text: string;
  readonly #read = new Set<number>();

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns the text of a scalar as go-yaml reads it, or `undefined` when no such character is in it. */
  read(node: Scalar, role: 'key' | 'value'): string | undefined {
    if (node.type !== 'QUOTE_SINGLE' || !node.range) return undefined;
    const [start, end] = node.range;
    const source = this.#text.slice(start, end);
    if (!separator.test(source)) return undefined;
    // A key of several lines, which it is for go-yaml, begins with a question mark.
    if (role === 'key' && !/\?[ \t]*$/.test(this.#text.slice(Math.max(0, start - 100), start)))
      return undefined;
    for (const { index } of source.matchAll(separators)) this.#read.add(start + index);
    return fold(source.slice(1, -1));
  }

  /** @throws {SecretsError} `UNSUPPORTED` naming the line of the first one that was not read. */
  refuseOthers(): void {
    for (const { index } of this.#text.matchAll(separators)) {
      if (!this.#read.has(index)) throw refusal(this.#text, index, 'a line separator of Unicode');
    }
  }
}

const separator = /[\u2028\u2029]/;
const separators = /[\u2028\u2029]/g;

/** Folds lines as `yaml_parser_scan_flow_scalar` does: one newline is a space, a separator stays. */
function fold(quoted: string): string {
  return quoted
    .replaceAll("''", "'")
    .replaceAll(/[ \t]*(?:\r?\n|[\u2028\u2029])[ \t\r\n\u2028\u2029]*/g, (run) => {
      const breaks = run.replaceAll(/[ \t\r]/g, '');
      if (!breaks.startsWith('\n')) return breaks;
      return breaks === '\n' ? ' ' : breaks.slice(1);
    });
}

function refusal(text: string, at: number, what: string, fix = 'write it as an escape'): SecretsError {
  const line = text.slice(0, at).split('\n').length;
  return new SecretsError('UNSUPPORTED', `${what} stands there; ${fix}`, { line });
}
