/** The longest prompt that goes on the command line, in bytes. */
export const longestArgument = 8 * 1024;

/**
 * Why Claude Code would take a text for something else than a prompt: a command of its own, a shell's, or the end of a
 * paste. `undefined` when it takes it as it is.
 *
 * On the command line only a slash, or a word that ends it, is read. In its input line `!` runs the rest in a shell, a backslash at the end makes
 * Enter a new line, and control characters edit the line.
 */
export function refusePrompt(text: string, way: 'typed' | 'argument'): string | undefined {
  const seen = visible(text);
  if (seen.trim() === '') return 'it is empty';
  if (/^\s*(?:exit|quit|:w?q!?)\s*$/i.test(seen)) return 'it would end Claude Code; put a word before it';
  if (/^\s*\//.test(seen))
    return 'it begins with / and would be taken for a command of Claude Code; put a word before it';
  if (text.includes('\0')) return 'it contains a NUL character';
  if (way === 'argument') return undefined;
  if (/^\s*!/.test(seen)) return 'it begins with ! and would be run in a shell; put a word before it';
  if (/\\\s*$/.test(seen))
    return 'it ends with a backslash, after which Enter does not submit; put a word after it';
  const control = controlOf(text.replaceAll('\r\n', '\n'));
  if (control === undefined) return undefined;
  const code = control.toString(16).padStart(2, '0');
  return `it contains the control character 0x${code}, which its input line would act on`;
}

/** The first control character besides tab and line feed; terminals know those from 0x80 on as well, 0x9b for ESC [. */
function controlOf(text: string): number | undefined {
  return Array.from(text, (char) => char.codePointAt(0) ?? 0).find(
    (code) => (code < 0x20 && code !== 0x09 && code !== 0x0a) || (code >= 0x7f && code < 0xa0),
  );
}

/**
 * Whether a prompt that was taken is one that was given. Its input line turns tabs into spaces and CRLF into LF, cuts
 * blanks at the end, composes letters and their accents (NFC); newer versions drop what cannot be seen, and wrap a long
 * paste in a tag. None of that counts.
 */
export function isSamePrompt(given: string, taken: string): boolean {
  return bare(given) === bare(taken);
}

/**
 * Whether what stands in the input line is a text that was typed: the stand-in for a long paste or for the middle of one, or the part of the text
 * that the line shows, broken where it is full.
 */
export function isDraftOf(draft: string, text: string): boolean {
  if (holdsPaste(draft)) return true;
  const shown = tight(draft);
  return shown !== '' && tight(text).includes(shown);
}

/** Whether the stand-in for a long paste, or for the middle of one, stands in the input line. */
export function holdsPaste(draft: string): boolean {
  return /\[Pasted text #\d+|\[\.\.\.Truncated text #\d+|<pasted_content\b/.test(draft);
}

function tight(text: string): string {
  return visible(text).normalize('NFC').replaceAll(/\s+/g, '');
}

function bare(text: string): string {
  return visible(text)
    .normalize('NFC')
    .replaceAll(/<\/?pasted_content\b[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** A text without the characters that cannot be seen: controls besides blanks, joiners, marks of direction, selectors. */
function visible(text: string): string {
  return text
    .replaceAll(/[\t\n\v\f\r]/g, (blank) => (blank === '\n' ? blank : ' '))
    .replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u{1107f}]/gu, '');
}
