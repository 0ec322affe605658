import type { SpawnCommand } from '@cutover/host-contract';

import { quoteArgv } from './quote.ts';

/** The kernel's MAX_ARG_STRLEN: sshd gives the whole command line to the login shell as one argument. */
export const longestCommandLine = 131_071;

/**
 * The command line for the login shell. It says on stderr which process group it is, and then becomes the command:
 * `exec` throughout, so that sshd sees the command's own exit code or signal.
 */
export function launchLine(
  { argv, env, cwd }: Pick<SpawnCommand, 'argv' | 'env' | 'cwd'>,
  mark: string,
): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const enter = cwd === undefined ? '' : 'cd -- "$1" || exit 127; shift; ';
  // No shell has a portable way to exec a command whose name begins with a dash.
  const become = argv[0]?.startsWith('-') === true ? 'exec env -- "$@"' : 'exec "$@"';
  return quoteArgv([
    'exec',
    ...(variables.length === 0 ? [] : ['env', '--', ...variables]),
    'sh',
    '-c',
    `echo ${mark} $$ >&2; ${enter}${become}`,
    'sh',
    ...(cwd === undefined ? [] : [cwd]),
    ...argv,
  ]);
}

/** What the mark's line on stderr looked like, once it has come. */
export interface LaunchMark {
  readonly processGroup: number;
  /** What followed it: the command's own stderr. */
  readonly rest: Buffer;
}

/** Looks for the mark in what has come on stderr so far; what a login shell printed before it is no output. */
export function findLaunchMark(seen: Buffer, mark: string): LaunchMark | undefined {
  const at = seen.indexOf(`${mark} `);
  const end = at === -1 ? -1 : seen.indexOf('\n', at);
  if (end === -1) return undefined;
  return {
    processGroup: Number(seen.toString('latin1', at + mark.length + 1, end)),
    rest: seen.subarray(end + 1),
  };
}
