import type { Readable } from 'node:stream';

import { CommandRefusedError, HostConnectionError, type HostError } from '@cutover/host-contract';

/** A process group, told from a later one of the same number by when its leader started. */
export interface ProcessGroup {
  readonly id: number;
  /** Field 22 of /proc/PID/stat; empty where there is no /proc. */
  readonly startTime: string;
}

/** Finds a mark in an output and passes on what follows its line: what came before is the login shell's, and no output. */
export interface MarkFinder {
  /** What of a chunk is the command's own. */
  filter(chunk: Buffer): Buffer;
  /** The beginning of what the login shell printed before the mark, so far. */
  readonly before: Buffer;
  /** Whether the mark has come. */
  readonly passed: boolean;
  /** Resolves when it has come, or when it no longer can. */
  readonly begun: Promise<void>;
}

/** A mark for a script: a shell that prints its commands (`set -x`, `set -v`) does not print the mark with them. */
export function inTwo(mark: string): string {
  return mark.replace('-', '-""');
}

/** Bytes that are kept of what came before the mark, of its beginning and of its end. */
const kept = 4_096;

/** `found` gets the process group that the mark's line names. */
export function findMark(source: Readable, mark: string, found: (group: ProcessGroup) => void): MarkFinder {
  // A shell that prints the variables it sets puts them in quotes.
  const line = new RegExp(`${mark} (\\d+) ([^'"\\n]*)\\n`);
  let beginning: Buffer | undefined;
  let seen = Buffer.alloc(0);
  let passed = false;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  source.once('end', begin).once('close', begin);
  return {
    begun,
    get before() {
      return beginning ?? seen;
    },
    get passed() {
      return passed;
    },
    filter: (chunk) => {
      if (passed) return chunk;
      const all = Buffer.concat([seen, chunk]);
      const match = line.exec(all.toString('latin1'));
      seen = all.subarray(0, match?.index);
      if (match === null) {
        if (all.length > 2 * kept) {
          beginning ??= Buffer.from(all.subarray(0, kept));
          seen = Buffer.from(all.subarray(-kept));
        }
        return Buffer.alloc(0);
      }
      passed = true;
      found(parseGroup(Number(match[1]), match[2] ?? ''));
      begin();
      return all.subarray(match.index + match[0].length);
    },
  };
}

/** Why a command that has ended cannot be told as one that ran and was seen. */
export function notSeen(
  host: string,
  argv: readonly string[],
  output: MarkFinder,
  errors: MarkFinder,
): HostError {
  const [command = ''] = argv;
  if (output.passed || errors.passed) {
    const lacking = output.passed ? 'stderr' : 'stdout';
    const what = `${command} has run on ${host}, but its ${lacking} did not come: a start-up file of the login shell, or a forced command, sends it elsewhere`;
    return new HostConnectionError('CONNECTION_LOST', host, what);
  }
  const said = Buffer.concat([errors.before, output.before]).toString().trim().slice(0, 1_000);
  return new CommandRefusedError(
    host,
    argv,
    `the login shell did not start it${said === '' ? '' : `: ${said}`}`,
  );
}

/** Reads the fields of a leader's stat from the third on. */
function parseGroup(id: number, stat: string): ProcessGroup {
  return { id, startTime: stat.split(' ')[19] ?? '' };
}
