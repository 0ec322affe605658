/** The arguments or a config file are wrong. The message says what, where and what to do; nothing was changed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}
