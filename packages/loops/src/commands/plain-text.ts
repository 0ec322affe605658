import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

/** A control sequence that has begun and not ended: ESC alone, with parameters, or with a text. */
const unfinished = new RegExp(String.raw`\u001B(?:\[[\d;:<=>?]*|\][^\u0007\u001B]*)?$`);
/** A text in a control sequence is no longer than so many characters; what is longer is none. */
const longest = 4096;

/**
 * Makes text of the bytes that a terminal was sent, without control sequences. The bytes may come in any pieces: what is in two of
 * them, a character or a sequence, comes out once it is whole.
 */
export function createPlainText(): (piece: Buffer) => string {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isFirst = true;
  return (piece) => {
    const text = rest + decoder.write(isFirst ? fromCharacter(piece) : piece);
    isFirst = false;
    const at = unfinished.exec(text)?.index ?? text.length;
    const end = text.length - at > longest ? text.length : at;
    rest = text.slice(end);
    return stripVTControlCharacters(text.slice(0, end));
  };
}

/** Without the rest of a character that was cut at the beginning: it has three bytes at most. */
function fromCharacter(piece: Buffer): Buffer {
  let start = 0;
  while (start < 3 && ((piece[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return piece.subarray(start);
}
