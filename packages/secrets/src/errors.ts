import { visible } from './visible.ts';

/** The stable codes of the errors this package throws. */
export type SecretsErrorCode =
  | 'PARSE_FAILED'
  | 'UNSUPPORTED'
  | 'LIMIT_EXCEEDED'
  | 'METADATA_INVALID'
  | 'NOT_ENCRYPTED'
  | 'ALREADY_ENCRYPTED'
  | 'DECRYPT_FAILED'
  | 'MAC_MISMATCH'
  | 'NO_IDENTITY'
  | 'KEY_INVALID'
  | 'RULE_INVALID'
  | 'KEY_NOT_FOUND'
  | 'CONFIG_INVALID'
  | 'SOURCE_MISSING'
  | 'BOOTSTRAP_KEY_CONFLICT'
  | 'BOOTSTRAP_KEY_REFUSED'
  | 'NOT_DECRYPTABLE'
  | 'REPO_INVALID'
  | 'REPO_LOCKED'
  | 'SCAN_FAILED'
  | 'LEAK_FOUND'
  | 'ACTIVATION_FAILED'
  | 'ACTIVATION_LOCKED'
  | 'NEEDS_SOPS'
  | 'BINARY_FAILED'
  | 'FILE_CONFLICT'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'COMMAND_FAILED';

/** Where it happened. Never any content: a file's name, a key's path, a line. */
export interface SecretsErrorFacts {
  /** The file as the caller named it. */
  readonly file?: string | undefined;
  /** The path of the value inside the file, its components joined by `:`. */
  readonly key?: string | undefined;
  /** One-based. */
  readonly line?: number | undefined;
  /** The host it happened on. */
  readonly host?: string | undefined;
}

/**
 * The root of every error of this package. `code` is stable and the facts are fields. The message names the file
 * and the key, what happened and what to do next, and never holds a piece of the file's content: a parser's own
 * message may quote its input, so it is not kept as `cause` either.
 */
export class SecretsError extends Error {
  override readonly name: string = 'SecretsError';
  readonly code: SecretsErrorCode;
  readonly file: string | undefined;
  readonly key: string | undefined;
  readonly line: number | undefined;
  readonly host: string | undefined;
  /** What happened, without the place. */
  readonly what: string;

  constructor(code: SecretsErrorCode, what: string, facts: SecretsErrorFacts = {}, options?: ErrorOptions) {
    super(compose(what, facts), options);
    this.code = code;
    this.file = facts.file;
    this.key = facts.key;
    this.line = facts.line;
    this.host = facts.host;
    this.what = what;
  }
}

/** Re-throws an error of this package with the file's name added to its facts. */
export function withFile<T>(file: string | undefined, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw named(error, file);
  }
}

/** As `withFile`, for a promise. */
export async function withFileAsync<T>(file: string | undefined, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw named(error, file);
  }
}

function named(error: unknown, file: string | undefined): unknown {
  if (!(error instanceof SecretsError) || error.file !== undefined || file === undefined) return error;
  const { code, what, key, line, host, cause } = error;
  return new SecretsError(code, what, { file, key, line, host }, cause === undefined ? {} : { cause });
}

function compose(what: string, { file, key, line, host }: SecretsErrorFacts): string {
  const place = [
    file === undefined ? undefined : line === undefined ? file : `${file}:${line}`,
    file === undefined && line !== undefined ? `line ${line}` : undefined,
    key === undefined ? undefined : `key ${key}`,
    host === undefined ? undefined : `on ${host}`,
  ].flatMap((part) => (part === undefined ? [] : [visible(part)]));
  return place.length === 0 ? what : `${place.join(', ')}: ${what}`;
}

/** What to do where only the sops command knows a kind of key. */
export const howToSops =
  'only the sops command knows that; encrypt, decrypt, set, unset, edit, rotate and updatekeys take it by --sops and --sops-version, or by `sops` in secrets.yaml';
