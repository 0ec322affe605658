import { posix } from 'node:path';
import { CommandError } from '@cutover/host';
import type { CloneReport, UnsafeReason } from '../../git/clone-report.ts';
import { type GitContext, gitLine, gitRecords } from '../../git/git.ts';
import { runLimits } from '../../processes/run-limits.ts';
import type { GitPlaces } from './locate.ts';
import { askRemotes, namedRemotes } from './remotes.ts';
import { findUnpushed } from './unpushed.ts';

/** Where a submodule stands is its parent's business: it follows a commit, not a branch. */
const usual = new Set(['detached', 'no-upstream']);

/**
 * Where a clone's index says that a repository is, whether or not `.gitmodules` knows it, and where there is one in a folder
 * whose files it tracks itself: `git status` passes over what such a one holds.
 */
async function innerRepositories(context: GitContext): Promise<string[]> {
  const staged = await gitRecords(context, ['ls-files', '--stage', '-z']);
  const pathOf = (record: string): string => record.slice(record.indexOf('\t') + 1);
  const links = staged.filter((record) => record.startsWith('160000 ')).map(pathOf);
  const folders = new Set<string>();
  for (const record of staged) {
    for (
      let folder = posix.dirname(pathOf(record));
      folder !== '.' && !folders.has(folder);
      folder = posix.dirname(folder)
    )
      folders.add(folder);
  }
  return [...new Set([...links, ...(await withRepository(context, [...folders]))])];
}

/** Those of a clone's folders that hold a repository. */
async function withRepository(
  { host, repository, timeout = 30_000, signal }: GitContext,
  folders: readonly string[],
): Promise<string[]> {
  if (folders.length === 0) return [];
  const script = String.raw`for folder; do [ ! -e "$folder/.git" ] || printf '%s\0' "$folder"; done`;
  const { stdout } = await host.run(['xargs', '-0', 'sh', '-c', script, 'look'], {
    cwd: repository,
    input: `${folders.map((folder) => `./${folder}`).join('\0')}\0`,
    ...runLimits(timeout, signal),
  });
  return stdout
    .split('\0')
    .filter((folder) => folder !== '')
    .map((folder) => folder.slice('./'.length));
}

/**
 * Looks like at a clone at each submodule that is checked out and at each other repository in the clone's folders, and at the
 * repositories of submodules that are not checked out for what no remote has.
 *
 * @param inspect looks at a clone by its path.
 */
export async function submoduleReasons(
  context: GitContext,
  { commonDir }: GitPlaces,
  fetch: boolean,
  inspect: (path: string) => Promise<CloneReport>,
): Promise<UnsafeReason[]> {
  const reasons: UnsafeReason[] = [];
  const seen = new Set<string>();
  for (const path of await innerRepositories(context)) {
    const whole = `${context.repository}/${path}`;
    const content = await contentOf(context, whole);
    if (content === 'files') {
      reasons.push({ code: 'submodule', detail: `${path} holds files, and is not a repository` });
    }
    if (content !== 'repository') continue;
    seen.add(
      await gitLine({ ...context, repository: whole }, ['rev-parse', '--absolute-git-dir']).catch(
        unknownGitDir,
      ),
    );
    const report = await inspect(whole);
    const troubles = report.reasons.filter(({ code }) => !usual.has(code));
    reasons.push(
      ...troubles.map(({ code, detail }) => ({
        code: 'submodule' as const,
        detail: `${path}: ${code}: ${detail}`,
      })),
    );
  }
  for (const gitDir of await absorbedRepositories(context, commonDir)) {
    if (seen.has(gitDir)) continue;
    const inside = { ...context, repository: gitDir, gitDir };
    const { reasons: unpushed } = await findUnpushed(
      inside,
      await (fetch ? askRemotes : namedRemotes)(inside),
    );
    const stash = await gitLine(inside, ['for-each-ref', '--format=%(refname)', 'refs/stash']);
    const found = [...unpushed.map(({ detail }) => detail), ...(stash === '' ? [] : ['it has a stash'])];
    reasons.push(...found.map((detail) => ({ code: 'submodule' as const, detail: `${gitDir}: ${detail}` })));
  }
  return reasons;
}

/** Whatever git says of it, the look at it as a clone says too. */
function unknownGitDir(error: unknown): string {
  if (error instanceof CommandError) return '';
  throw error;
}

async function contentOf(
  { host, timeout = 30_000, signal }: GitContext,
  path: string,
): Promise<'repository' | 'files' | 'nothing'> {
  const script =
    'if [ -e "$1/.git" ]; then echo repository; elif [ -n "$(ls -A "$1" 2>/dev/null)" ]; then echo files; fi';
  const { stdout } = await host.run(['sh', '-c', script, 'content', path], runLimits(timeout, signal));
  const answer = stdout.trim();
  return answer === 'repository' || answer === 'files' ? answer : 'nothing';
}

/** The git directories that submodules have in their parent's, at any depth. */
export async function absorbedRepositories(
  { host, timeout = 30_000, signal }: GitContext,
  commonDir: string,
): Promise<string[]> {
  const inside = ['objects', 'refs', 'logs', 'worktrees', 'hooks'].flatMap((name, index) =>
    index === 0 ? ['-name', name] : ['-o', '-name', name],
  );
  const { stdout } = await host.run(
    [
      'find',
      `${commonDir}/modules`,
      '(',
      ...inside,
      ')',
      '-prune',
      '-o',
      '-name',
      'HEAD',
      '-type',
      'f',
      '-printf',
      String.raw`%h\0`,
    ],
    { ...runLimits(timeout, signal), reject: false },
  );
  return stdout.split('\0').filter((path) => path !== '');
}
