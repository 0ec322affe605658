/** The stable codes of the errors that this package throws. */
export type CutoverErrorCode =
  | 'CONFIG_INVALID'
  | 'OLD_HOST_SILENT'
  | 'NEW_HOST_SILENT'
  | 'OLD_RIG_RUNS'
  | 'NO_SAFE_POINT'
  | 'GRANT_REFUSED'
  | 'CLAIMED'
  | 'SECRET_LEAK'
  | 'SHARED_KEY'
  | 'NOT_OWNER'
  | 'NO_HANDOFF'
  | 'TAILNET_NOT_JOINED'
  | 'FORGE_SILENT'
  | 'FORGE_REFUSED'
  | 'FORGE_TOKEN'
  | 'FORGE_BY_HAND';

/** The root of every error of this package: `code` is stable, the facts are fields, `cause` is kept. */
export abstract class CutoverError extends Error {
  override readonly name: string = 'CutoverError';
  abstract readonly code: CutoverErrorCode;
}

/** The codes of errors, also of other packages, that are holds: before anything goes on, a person looks. */
export const unsafeCodes: readonly string[] = [
  'OWNERSHIP_UNKNOWN',
  'OWNERSHIP_REGRESSED',
  'GRANT_REFUSED',
  'SHARED_KEY',
  'NOT_OWNER',
  'OLD_HOST_SILENT',
  'NEW_HOST_SILENT',
  'OLD_RIG_RUNS',
];
