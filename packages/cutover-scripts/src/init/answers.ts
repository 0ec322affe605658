import { posix } from 'node:path';
import { parseDestination } from '@cutover/host';
import { type Answers, UsageError } from '@cutover/runbook';

/** One answer; empty: none was given. */
export function answerOf(answers: Answers, flag: string): string {
  return answers.get(flag)?.[0] ?? '';
}

/** An answer that a config may leave out. */
export function optionalAnswer(answers: Answers, flag: string): string | undefined {
  const answer = answerOf(answers, flag);
  return answer === '' ? undefined : answer;
}

/** The workspace of the rig, without a slash at its end; empty: it was not answered. */
export function workspaceOf(answers: Answers): string {
  const answer = answerOf(answers, 'workspace');
  if (answer === '') return '';
  const workspace = posix.normalize(answer);
  return workspace.length > 1 ? workspace.replace(/\/$/, '') : workspace;
}

/** Whether the old host may be looked at. @throws {UsageError} the answer is neither yes nor no. */
export function mayLook(answers: Answers): boolean {
  const answer = answerOf(answers, 'look').toLowerCase();
  if (!['yes', 'y', 'no', 'n'].includes(answer))
    throw new UsageError(`--look ${answerOf(answers, 'look')}: it must be yes or no`);
  return answer.startsWith('y');
}

/**
 * The words of a command: blanks separate them, unless they are in quotes.
 *
 * @throws {UsageError} a quote is not closed.
 */
export function commandWords(text: string): string[] {
  if (/['"]/.test(text.replaceAll(/'[^']*'|"[^"]*"/g, '')))
    throw new UsageError(`${text}: a quote in this command is not closed`);
  const words = text.match(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''),
  );
}

/** Where to log in. */
export interface Address {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/**
 * `[user@]host[:port]`, an address of IPv6 in brackets; the user is root where none is named.
 *
 * @throws {UsageError} it is not of that form.
 */
export function parseAddress(text: string, flag = 'old-host'): Address {
  const { destination, problem } = parseDestination(text);
  if (destination === undefined) throw new UsageError(`--${flag} ${text}: ${problem}`);
  const { user = 'root', host, port = 22 } = destination;
  return { user, host, port };
}
