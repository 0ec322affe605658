import type { StdioOptions } from 'node:child_process';
import { Readable, Writable } from 'node:stream';

import type { CommandStream } from '@cutover/host-contract';

/** The streams that zx gets to hold; `null` where `stdio` says that something else has them. */
export interface HeldStreams {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
}

/**
 * Joins a command's streams to what zx's `stdio` names: `pipe`, `inherit`, `ignore`, the descriptors 0, 1 and 2 of this
 * process, or a stream.
 *
 * @throws {TypeError} another descriptor, or `ipc`: a command elsewhere cannot have it.
 */
export function joinStreams(command: CommandStream, stdio: StdioOptions = 'pipe'): HeldStreams {
  const [input, output, errors] = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio];
  return {
    stdin: joinInput(command.stdin, input),
    stdout: joinOutput(command.stdout, output, process.stdout),
    stderr: joinOutput(command.stderr, errors, process.stderr),
  };
}

type Place = Exclude<StdioOptions, string>[number];

function joinInput(stdin: Writable, place: Place): Writable | null {
  if (isPipe(place)) return stdin;
  if (place === 'ignore') stdin.end();
  else if (place === 'inherit' || place === 0) process.stdin.pipe(stdin);
  else if (place instanceof Readable) place.pipe(stdin);
  else throw cannotBe('stdin', place);
  return null;
}

function joinOutput(output: Readable, place: Place, own: Writable): Readable | null {
  if (isPipe(place)) return output;
  if (place === 'ignore') output.resume();
  else if (place === 'inherit') output.pipe(own, { end: false });
  else if (place === 1) output.pipe(process.stdout, { end: false });
  else if (place === 2) output.pipe(process.stderr, { end: false });
  else if (place instanceof Writable) output.pipe(place);
  else throw cannotBe('an output', place);
  return null;
}

function isPipe(place: Place): boolean {
  return place === undefined || place === null || place === 'pipe' || place === 'overlapped';
}

function cannotBe(what: string, place: Place): TypeError {
  return new TypeError(
    `stdio: ${what} of a command on a host cannot be ${typeof place === 'object' ? 'this object' : String(place)}`,
  );
}
