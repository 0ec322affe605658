import { SecretsError } from '../../errors.ts';
import {
  type Comment,
  type Documents,
  type MapNode,
  type Scalar,
  comment,
  entry,
  map,
  str,
} from '../tree.ts';
import { unflatten } from './flatten.ts';
import { defaultSection, trim, trimStart } from './ini-text.ts';

/**
 * Reads INI as sops does through go-ini, and of its syntax a plain part: one level of sections, `key = value` or
 * `key: value`, comments on lines of their own, and values between `"""` or backquotes, of several lines too. All that
 * go-ini reads in a way that a person would not expect is refused: what would be lost or changed is never written.
 *
 * @throws {SecretsError} `PARSE_FAILED` for what go-ini refuses, `NEEDS_SOPS` for what only go-ini reads; naming the line.
 */
export function parseIni(text: string): Documents {
  return new IniReader(text.replace(/^\uFEFF/, '')).read();
}

const onlySops = 'use --engine sops for this file, or write it otherwise';

class IniReader {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  read(): Documents {
    let section = map();
    const document = map([entry(defaultSection, section)]);
    let pending: string[] = [];
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = trimStart(this.#lines[this.#at] ?? '');
      if (line === '') continue;
      if (/^[#;]/.test(line)) {
        pending.push(trim(line));
        continue;
      }
      if (line.startsWith('[')) {
        section = map(commentsOf(pending));
        document.entries.push(entry(this.#sectionName(line), section));
      } else {
        const { key, rest } = this.#key(line);
        if (section.entries.some((item) => item.type === 'entry' && item.key === key))
          throw this.#fail('a key occurs twice, and go-ini would keep the last one only');
        // sops has the comment of a key behind it.
        section.entries.push(entry(key, str(this.#value(rest))), ...commentsOf(pending));
      }
      pending = [];
    }
    if (pending.length > 0)
      throw this.#fail(
        'a comment behind the last key would be lost; move it above a key',
        this.#lines.length,
      );
    for (const item of document.entries) {
      if (item.type === 'entry' && item.key === 'sops' && item.value.type === 'map')
        item.value = gather(item.value);
    }
    return [document];
  }

  #sectionName(line: string): string {
    const end = line.lastIndexOf(']');
    if (end < 0) throw this.#fail('a section is not closed');
    if (end === 1) throw this.#fail('a section has no name');
    if (trim(line.slice(end + 1)) !== '') throw this.#onlySops('there is something behind a section');
    return line.slice(1, end);
  }

  #key(line: string): { key: string; rest: string } {
    const quote = /^("""(?=....)|["`])/s.exec(line)?.[0];
    if (quote === undefined) {
      const at = line.search(/[=:]/);
      if (at < 0) throw this.#fail('the line has neither = nor :');
      const key = trim(line.slice(0, at));
      if (key === '') throw this.#fail('a key has no name');
      this.#requireName(key);
      return { key, rest: line.slice(at + 1) };
    }
    const end = line.indexOf(quote, quote.length);
    if (end < 0) throw this.#fail('a quoted key is not closed');
    const key = line.slice(quote.length, end);
    const behind = line.slice(end + quote.length);
    if (key === '' || trim(key) !== key)
      throw this.#onlySops('a quoted key is empty, or begins or ends with a blank');
    this.#requireName(key);
    const at = behind.search(/[=:]/);
    if (at < 0) throw this.#fail('the line has neither = nor :');
    if (trim(behind.slice(0, at)) !== '') throw this.#onlySops('there is something behind a quoted key');
    return { key, rest: behind.slice(at + 1) };
  }

  /** Quotes make no difference. */
  #requireName(key: string): void {
    if (key === '-') throw this.#onlySops('the key - stands for a number');
  }

  #value(rest: string): string {
    const text = trimStart(rest);
    const quote = /^(?:"""|`)/.exec(text)?.[0];
    if (quote !== undefined) return this.#quoted(text, quote);
    const value = trim(text);
    if (value.endsWith('\\')) throw this.#onlySops('a value goes on in the next line by \\');
    if (/[#;]/.test(value))
      throw this.#onlySops('go-ini takes # and ; in a value for a comment; put the value between backquotes');
    const surrounded = /^(["'])(.*)\1$/s.exec(value);
    return surrounded !== null && surrounded[2]?.includes(surrounded[1] ?? '') === false
      ? surrounded[2]
      : value;
  }

  /** A value between quotes, which may go over several lines; go-ini looks for the last closing quote of a line. */
  #quoted(text: string, quote: string): string {
    let value = text.slice(quote.length);
    const [begin] = [this.#at];
    let end = value.lastIndexOf(quote);
    let before = '';
    while (end < 0) {
      before += `${value}\n`;
      const next = this.#lines[++this.#at];
      if (next === undefined) {
        this.#at = begin;
        throw this.#fail('a quoted value is not closed');
      }
      value = next;
      end = value.lastIndexOf(quote);
    }
    if (trim(value.slice(end + quote.length)) !== '')
      throw this.#onlySops('there is something behind a quoted value');
    return before + value.slice(0, end);
  }

  #fail(what: string, line = this.#at + 1): SecretsError {
    return new SecretsError('PARSE_FAILED', `not INI as sops reads it: ${what}`, { line });
  }

  #onlySops(what: string): SecretsError {
    return new SecretsError('NEEDS_SOPS', `${what}; ${onlySops}`, { line: this.#at + 1 });
  }
}

/** Of several lines sops takes the mark of the first away. */
function commentsOf(lines: readonly string[]): Comment[] {
  if (lines.length === 0) return [];
  const text = lines.join('\n');
  return [comment(text.replace(text.startsWith(';') ? /^[; ]+/ : /^[# ]+/, ''))];
}

/** The flat keys of `[sops]` as a map. sops 3.13.0 and 3.13.1 wrote newlines as they are, all others as `\n`. */
function gather(section: MapNode): MapNode {
  const flat: [string, Scalar][] = [];
  for (const item of section.entries) {
    if (item.type === 'entry' && item.value.type === 'str')
      flat.push([item.key, str(item.value.value.replaceAll('\\n', '\n'))]);
  }
  return unflatten(flat);
}
