import { CommandError, type Host, type RunOptions, type RunResult } from '@cutover/host';
import { setTimeout } from 'node:timers/promises';
import { SecretsError } from '../errors.ts';

export interface CommitReport {
  readonly commit: string;
  /** `unchanged`: the files were already as in this commit. */
  readonly outcome: 'committed' | 'unchanged';
}

export interface CommitOptions {
  readonly message: string;
  /** How long to wait for another git process's lock, in milliseconds; 15,000 without it. */
  readonly lockPatience?: number;
  readonly signal?: AbortSignal;
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
  const pass = { cwd: repository, env: { LC_ALL: 'C' }, ...(signal && { signal }) };
  await whenFree(host, ['git', 'add', '--', ...files], pass, lockPatience);
  const staged = await host.run(['git', 'diff', '--cached', '--quiet', '--', ...files], {
    ...pass,
    reject: false,
  });
  const outcome = staged.exitCode === 0 ? 'unchanged' : 'committed';
  if (outcome === 'committed')
    await whenFree(host, ['git', 'commit', '--quiet', '-m', message, '--', ...files], pass, lockPatience);
  const { stdout } = await host.run(['git', 'rev-parse', 'HEAD'], pass);
  return { commit: stdout.trim(), outcome };
}

/** Runs git, and again as long as another one holds a lock; git has no way to wait for it, nor has a `Host` an event. */
async function whenFree(
  host: Host,
  argv: readonly string[],
  options: RunOptions,
  patience: number,
): Promise<RunResult> {
  const deadline = performance.now() + patience;
  for (let pause = 50; ; pause = Math.min(pause * 2, 1_000)) {
    try {
      return await host.run(argv, options);
    } catch (error) {
      const lock = error instanceof CommandError ? lockOf(error) : undefined;
      if (lock === undefined) throw error;
      if (performance.now() + pause > deadline) {
        throw new SecretsError(
          'REPO_LOCKED',
          `${lock} is there: another git process works in the repository, or one was killed; when none runs there, remove that file and run move again`,
          { host: host.name },
          { cause: error },
        );
      }
    }
    await setTimeout(pause, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

/** The lock that git says it could not take, of the index or of a reference. */
function lockOf({ result }: CommandError): string | undefined {
  return /Unable to create '([^']+\.lock)': File exists/.exec(result.stderr)?.[1];
}
