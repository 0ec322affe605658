/** The stable codes of the errors that this package throws. */
export type CutoverErrorCode =
  | 'CONFIG_INVALID'
  | 'NO_SAFE_POINT'
  | 'GRANT_REFUSED'
  | 'CLAIMED'
  | 'SECRET_LEAK'
  | 'SHARED_KEY'
  | 'TAILNET_NOT_JOINED';

/** The root of every error of this package: `code` is stable, the facts are fields, `cause` is kept. */
export abstract class CutoverError extends Error {
  override readonly name: string = 'CutoverError';
  abstract readonly code: CutoverErrorCode;
}
