import { hash } from 'node:crypto';
import type { Envelope, JournalEntry, JournalEvent } from './entry.ts';

/** The `prevHash` of the first line. */
export const firstHash: string = '0'.repeat(64);

/** `,"hash":"` + 64 hex digits + `"}` */
const tailLength = 9 + 64 + 2;

/** What can be told of a line that is not as it was written. */
export type LineProblem = 'is not a line of a journal' | 'was changed' | 'does not follow the line before it';

/** The line for an entry, newline included. Its hash covers all that stands before the hash, `prevHash` too. */
export function encodeLine(entry: Envelope & JournalEvent): { line: string; hash: string } {
  const body = JSON.stringify(entry).slice(0, -1);
  const digest = hash('sha256', body);
  return { line: `${body},"hash":"${digest}"}\n`, hash: digest };
}

/** Reads one line (without its newline) that must be number `seq` and follow the line whose hash is `prevHash`. */
export function decodeLine(line: Buffer, seq: number, prevHash: string): JournalEntry | LineProblem {
  if (line.length <= tailLength) return 'is not a line of a journal';
  const bodyEnd = line.length - tailLength;
  const digest = hash('sha256', line.subarray(0, bodyEnd));
  if (line.toString('latin1', bodyEnd) !== `,"hash":"${digest}"}`) return 'was changed';
  const value = parse(line);
  if (!isEntry(value)) return 'is not a line of a journal';
  if (value.seq !== seq || value.prevHash !== prevHash) return 'does not follow the line before it';
  return value;
}

/** `undefined`: not JSON, though its writer gave it its hash. */
function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The hash says that we wrote the line; what remains to be told apart is another program's format. */
function isEntry(value: unknown): value is JournalEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'seq' in value &&
    'prevHash' in value &&
    'type' in value &&
    typeof value.type === 'string'
  );
}
