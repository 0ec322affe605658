import type { Host, RunOptions, RunResult } from '@cutover/host';
import { SecretsError } from '../errors.ts';

/** git in one repository of a host. */
export interface GitRepository {
  readonly host: Host;
  /** The folder that git starts in. */
  readonly path: string;
  /** The whole argv of a git command there. */
  argv(args: readonly string[]): string[];
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** What git prints with `-z`, as a list. */
  list(args: readonly string[], options?: RunOptions): Promise<string[]>;
  readonly signal: AbortSignal | undefined;
}

export interface GitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Read a repository of another user too; only for commands that run nothing of its configuration. */
  readonly anyOwner?: boolean | undefined;
}

/** Opens the repository that holds `path`. Messages come in English, so that they can be understood. */
export function gitRepository(
  host: Host,
  path: string,
  { signal, anyOwner = false }: GitOptions = {},
): GitRepository {
  const settings = ['-c', 'gc.auto=0', ...(anyOwner ? ['-c', `safe.directory=${path}`] : [])];
  const argv = (args: readonly string[]): string[] => ['git', ...settings, '-C', path, ...args];
  const run: GitRepository['run'] = (args, options) =>
    host.run(argv(args), { env: { LC_ALL: 'C' }, ...(signal && { signal }), ...options });
  return {
    host,
    path,
    argv,
    run,
    list: async (args, options) =>
      (await run(args, options)).stdout.split('\0').filter((name) => name !== ''),
    signal,
  };
}

/**
 * Opens the whole working tree that a folder is in: what is asked for a repository is asked for all of it.
 *
 * @throws {SecretsError} `REPO_INVALID`
 */
export async function wholeWorkTree(
  host: Host,
  folder: string,
  options: GitOptions = {},
): Promise<GitRepository> {
  const inFolder = gitRepository(host, folder, options);
  const { exitCode, stdout } = await inFolder.run(['rev-parse', '--show-toplevel'], { reject: false });
  const top = stdout.replace(/\n$/, '');
  if (exitCode !== 0 || top === '')
    throw new SecretsError('REPO_INVALID', `${folder} is not in a git working tree`, { host: host.name });
  return gitRepository(host, top, options);
}
