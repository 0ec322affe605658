import type { RecordedError } from '../journal/entry.ts';

const outputLines = 30;

/** An error as the journal keeps it: code, message, causes, and the last lines that a failed command wrote. */
export function describeError(error: unknown): RecordedError {
  const chain = causesOf(error);
  const output = chain.map(outputOf).find((text) => text !== '') ?? '';
  const [first = '', ...causes] = chain.map(messageOf);
  return {
    code: codeOf(error),
    message: first,
    causes: causes.filter((cause, index) => !first.includes(cause) && causes.indexOf(cause) === index),
    ...(output === '' ? {} : { output: lastLines(output) }),
  };
}

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let cause = error; cause !== undefined && chain.length < 6;) {
    chain.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return chain;
}

/**
 * What a command wrote, where the error tells: in its `result`, as `CommandError` of `@cutover/host` does, or itself, as the
 * errors of execa, of zx and of Node's `execFile` do.
 */
function outputOf(error: unknown): string {
  const holder = typeof error === 'object' && error !== null && 'result' in error ? error.result : error;
  if (typeof holder !== 'object' || holder === null) return '';
  const stderr = 'stderr' in holder && typeof holder.stderr === 'string' ? holder.stderr : '';
  const stdout = 'stdout' in holder && typeof holder.stdout === 'string' ? holder.stdout : '';
  return stderr || stdout;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'UNEXPECTED';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-outputLines).join('\n');
}
