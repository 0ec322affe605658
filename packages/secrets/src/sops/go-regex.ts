import { SecretsError } from '../errors.ts';

/**
 * Compiles a pattern of Go's RE2 syntax to a predicate. What JavaScript reads in another way is translated or refused:
 * to guess would encrypt, or leave readable, other values than sops does.
 *
 * @throws {SecretsError} `RULE_INVALID`: the pattern is refused.
 */
export function compileGoRegex(pattern: string): (text: string) => boolean {
  const { flags, body } = leadingFlags(pattern);
  let expression: RegExp;
  try {
    expression = new RegExp(translate(body, flags), `u${flags.includes('i') ? 'i' : ''}`);
  } catch (error) {
    throw new SecretsError(
      'RULE_INVALID',
      `the regular expression ${JSON.stringify(pattern)} cannot be compiled`,
      {},
      {
        cause: error,
      },
    );
  }
  return (text) => expression.test(text);
}

function leadingFlags(pattern: string): { flags: string; body: string } {
  const match = /^\(\?([ims]+)\)/.exec(pattern);
  if (match === null) return { flags: '', body: pattern };
  return { flags: [...new Set(match[1])].join(''), body: pattern.slice(match[0].length) };
}

const asciiClasses: Record<string, string> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: 'A-Za-z0-9_',
  xdigit: '0-9A-Fa-f',
};

/** JavaScript's `\s` is wider than RE2's. */
const space = '\\t\\n\\f\\r ';

/** RE2 knows one line end, the newline; JavaScript four. */
function lineSign(sign: string, flags: string): string | undefined {
  if (sign === '.') return flags.includes('s') ? '[^]' : '[^\\n]';
  if (sign === '^' && flags.includes('m')) return '(?<![^\\n])';
  return sign === '$' && flags.includes('m') ? '(?![^\\n])' : undefined;
}

function translate(pattern: string, flags: string): string {
  let out = '';
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const rest = pattern.slice(at);
    const character = rest.charAt(0);
    if (character === '\\') {
      const { text, length } = escape(rest, inClass, pattern);
      out += text;
      at += length - 1;
    } else if (inClass && rest.startsWith('[:')) {
      const match = /^\[:(\^?)([a-z]+):\]/.exec(rest);
      const set = asciiClasses[match?.[2] ?? ''];
      if (match === null || set === undefined || match[1] === '^') refuse(pattern, 'a class in [: :]');
      out += set;
      at += match[0].length - 1;
    } else if (inClass) {
      inClass = character !== ']';
      out += character === '[' ? '\\[' : character;
    } else if (character === '[') {
      const opening = /^\[\^?\]?/.exec(rest)?.[0] ?? '[';
      out += opening.replace(']', '\\]');
      at += opening.length - 1;
      inClass = true;
    } else if (rest.startsWith('(?')) {
      const group = /^\(\?(?::|P<([A-Za-z_]\w*)>|<([A-Za-z_]\w*)>)/.exec(rest);
      if (group === null) refuse(pattern, 'look-around or inline flags');
      out += group[1] === undefined && group[2] === undefined ? '(?:' : `(?<${group[1] ?? group[2]}>`;
      at += group[0].length - 1;
    } else if (character === '{') {
      // RE2 reads a brace that opens no repeat as itself; JavaScript refuses it.
      out += /^\{\d+(?:,\d*)?\}/.test(rest) ? '{' : '\\{';
    } else if (character === '}') {
      out += /\{\d+(?:,\d*)?$/.test(pattern.slice(0, at)) ? '}' : '\\}';
    } else if (character === ']') {
      out += '\\]';
    } else out += lineSign(character, flags) ?? character;
  }
  return out;
}

function escape(rest: string, inClass: boolean, pattern: string): { text: string; length: number } {
  const character = rest.charAt(1);
  if (character === 'A' && !inClass) return { text: '(?<![^])', length: 2 };
  if (character === 'z' && !inClass) return { text: '(?![^])', length: 2 };
  if (character === 's') return { text: inClass ? space : `[${space}]`, length: 2 };
  if (character === 'S' && !inClass) return { text: `[^${space}]`, length: 2 };
  if ('dDwWbBfnrtv'.includes(character) && character !== '') return { text: `\\${character}`, length: 2 };
  if (character === 'a') return { text: '\\x07', length: 2 };
  const hex = /^\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest);
  if (hex !== null) return { text: `\\u{${hex[1] ?? hex[2]}}`, length: hex[0].length };
  const property = /^\\[pP](?:\{\^?(\w+)\}|([A-Z]))/.exec(rest);
  if (property !== null && !property[0].includes('^')) {
    const name = property[1] ?? property[2] ?? '';
    const long = name.length <= 2 ? name : `Script=${name}`;
    return { text: `\\${character}{${long}}`, length: property[0].length };
  }
  if (/^[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]$/.test(character)) {
    // JavaScript's u flag refuses an escape of punctuation that has no meaning.
    const needed = '^$\\.*+?()[]{}|/-'.includes(character) && (character !== '-' || inClass);
    return { text: needed ? `\\${character}` : character, length: 2 };
  }
  return refuse(pattern, `the escape \\${character}`);
}

function refuse(pattern: string, what: string): never {
  throw new SecretsError(
    'RULE_INVALID',
    `the regular expression ${JSON.stringify(pattern)} uses ${what}, which is not supported`,
  );
}
