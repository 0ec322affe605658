import { describeError } from '@cutover/foundation/describe-error';
import type { RecordedError } from '../journal/entry.ts';

const outputLines = 30;

/** An error as the journal keeps it: code, message, causes, and the last lines that a failed command wrote. */
export function recordedError(error: unknown): RecordedError {
  const output = outputOf(error);
  return { ...describeError(error), ...(output === '' ? {} : { output: lastLines(output) }) };
}

/** What the failed command wrote, told by the error or by the nearest of its causes. */
function outputOf(error: unknown): string {
  let cause = error;
  for (let depth = 0; cause !== undefined && depth < 6; depth++) {
    const output = ownOutputOf(cause);
    if (output !== '') return output;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return '';
}

/**
 * What a command wrote, where the error tells: in its `result`, as `CommandError` of `@cutover/host` does, or itself, as the
 * errors of execa, of zx and of Node's `execFile` do.
 */
function ownOutputOf(error: unknown): string {
  const holder = typeof error === 'object' && error !== null && 'result' in error ? error.result : error;
  if (typeof holder !== 'object' || holder === null) return '';
  const stderr = 'stderr' in holder && typeof holder.stderr === 'string' ? holder.stderr : '';
  const stdout = 'stdout' in holder && typeof holder.stdout === 'string' ? holder.stdout : '';
  return stderr || stdout;
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-outputLines).join('\n');
}
