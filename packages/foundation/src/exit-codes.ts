/**
 * The exit codes that all commands share. A command's own codes start at 10 and are listed in its `--help`
 * and its documentation; both are stable.
 */
export const exitCodes = {
  ok: 0,
  failed: 1,
  /** The arguments or a config file are wrong; nothing was changed. */
  usage: 2,
  /** Ended by SIGINT, as shells report it. */
  interrupted: 130,
  /** The reader of the output went away, as shells report SIGPIPE. */
  brokenPipe: 141,
  /** Ended by SIGTERM. */
  terminated: 143,
} as const;
