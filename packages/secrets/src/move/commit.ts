import type { Host } from '@cutover/host';

export interface CommitReport {
  readonly commit: string;
  /** `unchanged`: the files were already as in this commit. */
  readonly outcome: 'committed' | 'unchanged';
}

/** Commits just these files of a working tree, and nothing when they are as in the last commit. */
export async function commitSecrets(
  host: Host,
  repository: string,
  files: readonly string[],
  options: { readonly message: string; readonly signal?: AbortSignal },
): Promise<CommitReport> {
  const { message, signal } = options;
  const pass = { cwd: repository, ...(signal && { signal }) };
  await host.run(['git', 'add', '--', ...files], pass);
  const staged = await host.run(['git', 'diff', '--cached', '--quiet', '--', ...files], {
    ...pass,
    reject: false,
  });
  const outcome = staged.exitCode === 0 ? 'unchanged' : 'committed';
  if (outcome === 'committed')
    await host.run(['git', 'commit', '--quiet', '-m', message, '--', ...files], pass);
  const { stdout } = await host.run(['git', 'rev-parse', 'HEAD'], pass);
  return { commit: stdout.trim(), outcome };
}
