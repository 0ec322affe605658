import { SecretsError } from '../../errors.ts';
import { type Documents, type ListNode, type MapNode, type TreeValue, entry } from '../tree.ts';

/** How deep a document may nest. */
const maxDepth = 1_000;

/**
 * Reads JSON in order, integers exactly: an integer within int64 is `int`, any other number `float`, as sops has
 * read them since 3.13.2.
 *
 * @throws {SecretsError} `PARSE_FAILED`, naming the line and never the content.
 */
export function parseJson(text: string): Documents {
  const reader = new JsonReader(text);
  const value = reader.document();
  if (value.type !== 'map') throw reader.fail('the top must be an object');
  return [value];
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): TreeValue {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.fail('there is something behind the document');
    return value;
  }

  fail(what: string, code: 'PARSE_FAILED' | 'LIMIT_EXCEEDED' = 'PARSE_FAILED'): SecretsError {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    return new SecretsError(code, `not JSON: ${what}`, { line });
  }

  #value(depth: number): TreeValue {
    if (depth > maxDepth) throw this.fail('nested too deep', 'LIMIT_EXCEEDED');
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return { type: 'str', value: this.#string() };
      case 't':
        return this.#word('true', { type: 'bool', value: true });
      case 'f':
        return this.#word('false', { type: 'bool', value: false });
      case 'n':
        return this.#word('null', { type: 'null' });
      default:
        return this.#number();
    }
  }

  #object(depth: number): MapNode {
    const node: MapNode = { type: 'map', entries: [] };
    const seen = new Set<string>();
    this.#at++;
    for (let first = true; ; first = false) {
      this.#space();
      if (this.#take('}')) return node;
      if (!first) {
        this.#expect(',');
        this.#space();
      }
      if (this.#text[this.#at] !== '"') throw this.fail('a key is expected');
      const key = this.#string();
      if (seen.has(key)) throw this.fail('a key occurs twice');
      seen.add(key);
      this.#space();
      this.#expect(':');
      node.entries.push(entry(key, this.#value(depth + 1)));
    }
  }

  #array(depth: number): ListNode {
    const node: ListNode = { type: 'list', items: [] };
    this.#at++;
    for (let first = true; ; first = false) {
      this.#space();
      if (this.#take(']')) {
        return node;
      }
      if (!first) this.#expect(',');
      node.items.push(this.#value(depth + 1));
    }
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    for (;;) {
      const code = this.#text.charCodeAt(end);
      if (code === 0x22) break;
      if (Number.isNaN(code)) throw this.fail('a string has no end');
      if (code < 0x20) throw this.fail('a control character in a string');
      end += code === 0x5c ? 2 : 1;
    }
    const raw = this.#text.slice(start, end + 1);
    let value: string;
    try {
      value = String(JSON.parse(raw));
    } catch {
      // JSON.parse quotes its input in its message, so it is not kept.
      throw this.fail('a string has an escape that is not valid');
    }
    this.#at = end + 1;
    // Go reads a lone surrogate as the replacement character.
    return raw.includes('\\u') ? Buffer.from(value, 'utf8').toString('utf8') : value;
  }

  #number(): TreeValue {
    const match = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
    match.lastIndex = this.#at;
    const found = match.exec(this.#text);
    if (found === null) throw this.fail('a value is expected');
    this.#at = match.lastIndex;
    const text = found[0];
    if (found[1] === undefined && found[2] === undefined && text.length <= 20) {
      const value = BigInt(text);
      if (BigInt.asIntN(64, value) === value) return { type: 'int', value };
    }
    const value = Number(text);
    if (!Number.isFinite(value)) throw this.fail('a number is out of range');
    return { type: 'float', value };
  }

  #word(word: string, value: TreeValue): TreeValue {
    if (!this.#text.startsWith(word, this.#at)) throw this.fail('a value is expected');
    this.#at += word.length;
    return value;
  }

  #space(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.fail(`${character} is expected`);
  }
}

/** Writes JSON as sops does: tabs (or `indent`), Go's escapes, comments left out, a newline at the end. */
export function emitJson([document]: Documents, indent = '\t'): string {
  if (document === undefined) throw new SecretsError('UNSUPPORTED', 'a JSON file holds one document');
  return `${emitValue(document, '\n', indent)}\n`;
}

function emitValue(value: TreeValue, newline: string, indent: string): string {
  const inner = `${newline}${indent}`;
  switch (value.type) {
    case 'map': {
      const parts: string[] = [];
      for (const item of value.entries) {
        if (item.type === 'entry') parts.push(`${quote(item.key)}: ${emitValue(item.value, inner, indent)}`);
      }
      return parts.length === 0 ? '{}' : `{${inner}${parts.join(`,${inner}`)}${newline}}`;
    }
    case 'list': {
      const parts: string[] = [];
      for (const item of value.items) if (item.type !== 'comment') parts.push(emitValue(item, inner, indent));
      return parts.length === 0 ? '[]' : `[${inner}${parts.join(`,${inner}`)}${newline}]`;
    }
    case 'str':
    case 'time':
      return quote(value.value);
    case 'bytes':
      throw new SecretsError(
        'UNSUPPORTED',
        'a value is not UTF-8, which JSON cannot hold; use the binary format',
      );
    case 'int':
    case 'bool':
      return value.value.toString();
    case 'float':
      if (!Number.isFinite(value.value))
        throw new SecretsError('UNSUPPORTED', 'JSON cannot hold an infinite number');
      // `-0` would read back as the integer 0, and fail the MAC.
      return Object.is(value.value, -0) ? '-0.0' : value.value.toString();
    default:
      return 'null';
  }
}

/** Go's `json.Marshal` escapes what HTML would read. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
