import type { SpawnCommand } from '@cutover/host-contract';

import { loginShellLine } from './login-shell-line.ts';
import { inTwo } from './mark.ts';
import { quoteArgv } from './quote.ts';

/** The kernel's MAX_ARG_STRLEN: sshd gives the whole command line to the login shell as one argument. */
export const longestCommandLine = 131_071;

/**
 * The command line for the login shell. It says on both outputs where the command's own output begins and which process
 * group it is, and then becomes the command: `exec` throughout, so that sshd sees the command's own exit code or signal.
 */
export function launchLine(
  { argv, env, cwd }: Pick<SpawnCommand, 'argv' | 'env' | 'cwd'>,
  mark: string,
): string {
  return loginShellLine(launchScript({ argv, env, cwd }, mark));
}

/** The same as a script for `sh`. */
export function launchScript(
  { argv, env, cwd }: Pick<SpawnCommand, 'argv' | 'env' | 'cwd'>,
  mark: string,
): string {
  return [
    '_cutover=; { read -r _cutover < /proc/$$/stat; } 2>/dev/null',
    // dropbear runs all sessions of a connection in its own process group.
    'set -- ${_cutover##*) }; _lead=; [ "${3-$$}" = $$ ] || ! command -v setsid >/dev/null || _lead=setsid',
    `_cutover="${inTwo(mark)} $$ $*"; echo "$_cutover"; echo "$_cutover" >&2`,
    ...(cwd === undefined ? [] : [`cd -- ${quoteArgv([cwd])} || exit 127`]),
    `exec $_lead ${quoteArgv(become(argv, env))}`,
  ].join('; ');
}

function become(argv: readonly string[], env: Readonly<Record<string, string>>): readonly string[] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const [command = ''] = argv;
  // env would take such a command for a variable, and no shell has a portable way to exec one that begins with a dash.
  if (variables.length > 0 && command.includes('='))
    return ['env', '--', ...variables, '/bin/sh', '-c', 'exec "$@"', 'sh', ...argv];
  return variables.length > 0 || command.startsWith('-') ? ['env', '--', ...variables, ...argv] : argv;
}
