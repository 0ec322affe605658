import type { SpawnCommand } from '@cutover/host-contract';

import { loginShellLine } from './login-shell-line.ts';
import { quoteArgv } from './quote.ts';

/** The kernel's MAX_ARG_STRLEN: sshd gives the whole command line to the login shell as one argument. */
export const longestCommandLine = 131_071;

/** A process group, told from a later one of the same number by when its leader started. */
export interface ProcessGroup {
  readonly id: number;
  /** Field 22 of /proc/PID/stat; empty where there is no /proc. */
  readonly startTime: string;
}

/**
 * The command line for the login shell. It says on both outputs where the command's own output begins, on stderr also
 * which process group it is, and then becomes the command: `exec` throughout, so that sshd sees the command's own exit
 * code or signal.
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
    `echo ${mark}`,
    // dropbear runs all sessions of a connection in its own process group.
    'set -- ${_cutover##*) }; _lead=; [ "${3-$$}" = $$ ] || ! command -v setsid >/dev/null || _lead=setsid',
    `echo ${mark} $$ "$*" >&2`,
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

/** Finds a mark in an output and passes on what follows its line: what came before is the login shell's, and no output. */
export interface MarkFinder {
  /** What of a chunk is the command's own. */
  filter(chunk: Buffer): Buffer;
  /** What the login shell printed before the mark, so far. */
  readonly before: Buffer;
}

/** `found` gets the rest of the mark's line. */
export function createMarkFinder(mark: string, found: (line: string) => void): MarkFinder {
  let before = Buffer.alloc(0);
  let passed = false;
  return {
    get before() {
      return before;
    },
    filter: (chunk) => {
      if (passed) return chunk;
      const seen = Buffer.concat([before, chunk]);
      const at = seen.indexOf(mark);
      const end = at === -1 ? -1 : seen.indexOf('\n', at);
      before = end === -1 ? seen : seen.subarray(0, at);
      if (end === -1) return Buffer.alloc(0);
      passed = true;
      found(seen.toString('latin1', at + mark.length, end).trim());
      return seen.subarray(end + 1);
    },
  };
}

/** Reads what the mark's line on stderr says: the leader's pid, and the fields of its stat from the third on. */
export function parseGroup(line: string): ProcessGroup {
  const [id, ...stat] = line.split(' ');
  return { id: Number(id), startTime: stat[19] ?? '' };
}
