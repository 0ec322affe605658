import { dirname } from 'node:path';
import type { Host, RunOptions, RunResult } from '@cutover/host';
import { runLimits } from '../processes/run-limits.ts';

/** Where git runs: a host, a repository on it, and how long a command may take. */
export interface GitContext {
  readonly host: Host;
  readonly repository: string;
  /** The git directory, where it is not the one that git finds in `repository`. */
  readonly gitDir?: string | undefined;
  /** Settings for each command, as `name=value`. */
  readonly settings?: readonly string[] | undefined;
  /** For each git command, in milliseconds. Default 30 s. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Git neither asks a person anything, nor takes a lock just to look, nor speaks another language. */
const environment = {
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C',
  GIT_AUTHOR_NAME: 'loops',
  GIT_AUTHOR_EMAIL: 'loops@localhost',
  GIT_COMMITTER_NAME: 'loops',
  GIT_COMMITTER_EMAIL: 'loops@localhost',
};

/** Runs git in the context's repository, never in one that it lies in; its errors are the host's. */
export async function git(
  { host, repository, gitDir, settings = [], timeout = 30_000, signal }: GitContext,
  args: readonly string[],
  options: Pick<RunOptions, 'input' | 'reject' | 'env'> = {},
): Promise<RunResult> {
  const where = ['-C', repository, ...(gitDir === undefined ? [] : ['--git-dir', gitDir])];
  return host.run(['git', ...where, ...settings.flatMap((one) => ['-c', one]), ...args], {
    ...runLimits(timeout, signal),
    ...options,
    env: { ...environment, GIT_CEILING_DIRECTORIES: dirname(repository), ...options.env },
  });
}

/** The output of a git command, its last newline removed. */
export async function gitLine(
  context: GitContext,
  args: readonly string[],
  options: Pick<RunOptions, 'input' | 'env'> = {},
): Promise<string> {
  return (await git(context, args, options)).stdout.trimEnd();
}

/** The NUL-terminated records that a git command prints. */
export async function gitRecords(
  context: GitContext,
  args: readonly string[],
  options: Pick<RunOptions, 'input' | 'env'> = {},
): Promise<string[]> {
  return (await git(context, args, options)).stdout.split('\0').filter((record) => record !== '');
}
