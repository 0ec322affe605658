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

/** The words of a command: blanks separate them, unless they are in quotes. */
export function commandWords(text: string): string[] {
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

/** `[user@]host[:port]`; the user is root where none is named. @throws {UsageError} it is not of that form. */
export function parseAddress(text: string, flag = 'old-host'): Address {
  const [, user = 'root', host, port = '22'] = /^(?:([^@\s/]+)@)?([^@\s:/]+)(?::(\d+))?$/.exec(text) ?? [];
  if (host === undefined) throw new UsageError(`--${flag} ${text}: it must be [user@]host[:port]`);
  return { user, host, port: Number(port) };
}
