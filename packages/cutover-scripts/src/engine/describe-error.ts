import { CommandError } from '@cutover/host';
import type { RecordedError } from '../journal/entry.ts';

const outputLines = 30;

/** An error as the journal keeps it: code, message, causes, and the last lines that a failed command wrote. */
export function describeError(error: unknown): RecordedError {
  const chain = causesOf(error);
  const command = chain.find((cause) => cause instanceof CommandError);
  const output = command === undefined ? '' : lastLines(command.result.stderr || command.result.stdout);
  const [first = '', ...causes] = chain.map(messageOf);
  return {
    code: codeOf(error),
    message: first,
    causes: causes.filter((cause, index) => !first.includes(cause) && causes.indexOf(cause) === index),
    ...(output === '' ? {} : { output }),
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
