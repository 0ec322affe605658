import type { Readable } from 'node:stream';

/** Reads a stream line by line, no faster than the lines are taken; what stands behind the last newline is a line too. */
export async function eachLine(from: Readable, onLine: (line: string) => Promise<void>): Promise<void> {
  from.setEncoding('utf8');
  // Of a line that has not ended: joined once, when it does, for one may be of many megabytes.
  let begun: string[] = [];
  for await (const chunk of from) {
    const [first = '', ...lines] = String(chunk).split('\n');
    begun.push(first);
    for (const line of lines) {
      await onLine(begun.join(''));
      begun = [line];
    }
  }
  const rest = begun.join('');
  if (rest !== '') await onLine(rest);
}
