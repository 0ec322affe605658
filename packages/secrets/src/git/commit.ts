import { CommandError, type Host } from '@cutover/host';
import { setTimeout } from 'node:timers/promises';
import { SecretsError } from '../errors.ts';
import { type GitRepository, gitRepository } from './repository.ts';

/** The commit that the files are in. */
export interface CommitReport {
  readonly commit: string;
  /** `unchanged`: the files were already as in this commit. */
  readonly outcome: 'committed' | 'unchanged';
}

/** The message of the commit, and how long to wait for a lock. */
export interface CommitOptions {
  readonly message: string;
  /** How long to wait for another git process's lock, in milliseconds. Default 15,000. */
  readonly lockPatience?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Commits just these files of a working tree, and nothing when they are as in the last commit. A lock is waited for:
 * the git of a killed move lives on and removes it.
 *
 * @throws {SecretsError} `REPO_LOCKED` naming the lock that stayed.
 */
export async function commitSecrets(
  host: Host,
  repository: string,
  files: readonly string[],
  options: CommitOptions,
): Promise<CommitReport> {
  const { message, signal, lockPatience = 15_000 } = options;
  const git = gitRepository(host, repository, { signal });
  await whenFree(git, ['add', '--', ...files], lockPatience);
  const staged = await git.run(['diff', '--cached', '--quiet', '--', ...files], { reject: false });
  const outcome = staged.exitCode === 0 ? 'unchanged' : 'committed';
  if (outcome === 'committed')
    await whenFree(git, ['commit', '--quiet', '-m', message, '--', ...files], lockPatience);
  const { stdout } = await git.run(['rev-parse', 'HEAD']);
  return { commit: stdout.trim(), outcome };
}

/** Runs git, and again as long as another one holds a lock; git has no way to wait for it, nor has a `Host` an event. */
async function whenFree(git: GitRepository, args: readonly string[], patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (let pause = 50; ; pause = Math.min(pause * 2, 1_000)) {
    try {
      await git.run(args);
      return;
    } catch (error) {
      const lock = error instanceof CommandError ? lockOf(error) : undefined;
      if (lock === undefined) throw error;
      if (performance.now() + pause > deadline) {
        throw new SecretsError(
          'REPO_LOCKED',
          `${lock} is there: another git process works in the repository, or one was killed; when none runs there, remove that file and run move again`,
          { host: git.host.name },
          { cause: error },
        );
      }
    }
    await setTimeout(pause, undefined, git.signal && { signal: git.signal });
  }
}

/** The lock that git says it could not take, of the index or of a reference. */
function lockOf({ result }: CommandError): string | undefined {
  return /Unable to create '([^']+\.lock)': File exists/.exec(result.stderr)?.[1];
}
