import type { Host } from '@cutover/host';
import { SecretsError } from '../errors.ts';

/**
 * The top of the working tree that a folder is in: what is asked for a repository is asked for all of it.
 *
 * @throws {SecretsError} `REPO_INVALID`
 */
export async function topLevel(host: Host, folder: string, signal: AbortSignal | undefined): Promise<string> {
  const argv = ['git', '-C', folder, 'rev-parse', '--show-toplevel'];
  const { exitCode, stdout } = await host.run(argv, { reject: false, ...(signal && { signal }) });
  const top = stdout.replace(/\n$/, '');
  if (exitCode !== 0 || top === '')
    throw new SecretsError('REPO_INVALID', `${folder} is not in a git working tree`, { host: host.name });
  return top;
}
