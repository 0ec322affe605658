import { readPlainScalar } from './go-scalar.ts';

/** YAML 1.1's words for booleans and its base-60 numbers: go-yaml quotes them for older readers. */
const oldBoolean = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const base60 = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?$/;

/**
 * Writes a string in the style go-yaml v3 chooses (`stringv`, `select_scalar_style`): plain where it reads back the
 * same, double-quoted where it would read as something else, single-quoted where it holds indicators, and a literal
 * block where it has several lines.
 *
 * U+2028 and U+2029 become escapes, which all parsers read alike; go-yaml writes them as they are.
 *
 * @param block - how far its lines would be indented, all in all and against the parent; never a block without it.
 */
export function emitText(text: string, block?: { readonly indent: number; readonly step: number }): string {
  const facts = analyze(text);
  const wanted = !readsAsText(text) || oldBoolean.test(text) || base60.test(text) ? 'double' : 'plain';
  if (text.includes('\n') && block !== undefined) {
    if (facts.blockAllowed) return literal(text, block.indent, block.step);
    return doubleQuoted(text);
  }
  if (wanted === 'plain' && facts.plainAllowed && !facts.multiline) return text;
  if (wanted === 'plain' && facts.singleAllowed && !facts.multiline) return `'${text.replaceAll("'", "''")}'`;
  return doubleQuoted(text);
}

function readsAsText(text: string): boolean {
  return text !== '<<' && readPlainScalar(text).type === 'str';
}

interface TextFacts {
  readonly plainAllowed: boolean;
  readonly singleAllowed: boolean;
  readonly blockAllowed: boolean;
  readonly multiline: boolean;
}

/** libyaml's notion: nothing beyond the basic plane, no carriage return, no byte order mark. */
function isPrintable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (
    code === 0x0a ||
    (code >= 0x20 && code <= 0x7e) ||
    (code >= 0xa0 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff)
  );
}

const isBreak = (character: string): boolean => /[\r\n\u0085\u2028\u2029]/.test(character);

function analyze(text: string): TextFacts {
  const indicators =
    /^(?:---|\.\.\.)/.test(text) ||
    /^[#,[\]{}&*!|>'"%@`]/.test(text) ||
    /^[?:-](?=[ \t\n\r\u0085\u2028\u2029]|$)/.test(text) ||
    /:(?=[ \t\n\r\u0085\u2028\u2029]|$)/.test(text.slice(1)) ||
    /[ \t\n\r\u0085\u2028\u2029]#/.test(text);
  const leadingOrTrailing = /^[ \n\r\u0085\u2028\u2029]|[ \n\r\u0085\u2028\u2029]$/.test(text);
  const breakSpace = /[\n\r\u0085\u2028\u2029] /.test(text);
  const spaceBreak = / [\n\r\u0085\u2028\u2029]/.test(text);
  const special = Array.from(text).some((character) => character !== '\t' && !isPrintable(character));
  const tabs = text.includes('\t');
  const multiline = Array.from(text).some(isBreak);
  const odd = spaceBreak || special;
  return {
    plainAllowed: !(indicators || leadingOrTrailing || breakSpace || odd || tabs || multiline),
    singleAllowed: !(breakSpace || odd || tabs),
    // go-yaml would write these too, and could not read them again: a literal's line that begins with a tab, and
    // line separators of Unicode, behind which it indents.
    blockAllowed: !(text.endsWith(' ') || odd || text.startsWith('\t') || /[\u2028\u2029]/.test(text)),
    multiline,
  };
}

/** A literal block; the hints say how it is indented and how it ends. */
function literal(text: string, indent: number, step: number): string {
  const hint = /^[ \n\r\u0085\u2028\u2029]/.test(text) ? String(step) : '';
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = body.split('\n').map((line) => (line === '' ? '' : `${' '.repeat(indent)}${line}`));
  return [`|${hint}${chomp}`, ...lines].join('\n');
}

const shortEscapes = new Map<string, string>([
  ['\0', '\\0'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\x1b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x85', '\\N'],
  ['\u2028', '\\L'],
  ['\u2029', '\\P'],
]);

function doubleQuoted(text: string): string {
  // go-yaml escapes all of a string that begins with a byte order mark.
  const all = text.startsWith('\uFEFF');
  let out = '"';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const short = shortEscapes.get(character);
    if (short !== undefined) out += short;
    else if (isPrintable(character) && !all) out += character;
    else if (code <= 0xff) out += `\\x${hex(code, 2)}`;
    else if (code <= 0xffff) out += `\\u${hex(code, 4)}`;
    else out += `\\U${hex(code, 8)}`;
  }
  return `${out}"`;
}

const hex = (code: number, width: number): string => code.toString(16).toUpperCase().padStart(width, '0');
