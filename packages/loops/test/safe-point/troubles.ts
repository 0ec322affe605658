import { chmod, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UnsafeCode } from '../../src/git/clone-report.ts';
import type { GitFixture } from '../git-fixture.ts';

/** Makes a trouble. @returns what a look at the clone must say, among others. */
export type Trouble = (fixture: GitFixture, path: string) => Promise<UnsafeCode>;

/** Ways in which a clone holds something that is nowhere else, or is in the middle of something. */
export const troubles: Record<string, Trouble> = {
  'a changed file': async (_, path) => {
    await writeFile(join(path, 'first'), 'changed');
    return 'dirty';
  },
  'a staged file': async ({ git }, path) => {
    await writeFile(join(path, 'sta ged'), 'x');
    await git(path, 'add', 'sta ged');
    return 'dirty';
  },
  'a repository in a folder that it tracks itself': async ({ git, commit }, path) => {
    await mkdir(join(path, 'deep', 'inner'), { recursive: true });
    await writeFile(join(path, 'deep', 'inner', 'tracked'), 'x');
    await git(path, 'add', 'deep');
    await git(path, 'commit', '-q', '-m', 'deep');
    await git(path, 'init', '-q', '-b', 'main', 'deep/inner');
    const inner = join(path, 'deep', 'inner');
    await commit(inner, 'only-here');
    await git(inner, 'rm', '-q', 'only-here');
    await git(inner, 'commit', '-q', '-m', 'removed');
    return 'submodule';
  },
  'an untracked file whose name differs by case, and git told that no case counts': async ({ git }, path) => {
    await mkdir(join(path, 'folder'));
    await writeFile(join(path, 'folder', 'file'), 'x');
    await git(path, 'add', 'folder');
    await git(path, 'commit', '-q', '-m', 'folder');
    await git(path, 'config', 'core.ignoreCase', 'true');
    await mkdir(join(path, 'Folder'));
    await writeFile(join(path, 'Folder', 'FILE'), 'only here');
    return 'untracked';
  },
  'an untracked file': async (_, path) => {
    await writeFile(join(path, 'new'), 'x');
    return 'untracked';
  },
  'an unpushed commit': async ({ commit }, path) => {
    await commit(path, 'unpushed');
    return 'unpushed';
  },
  'an unpushed commit on another branch': async ({ git, commit }, path) => {
    await git(path, 'switch', '-q', '-c', 'side');
    await commit(path, 'on-the-side');
    await git(path, 'switch', '-q', 'main');
    return 'unpushed';
  },
  'an unpushed tag': async ({ git, commit }, path) => {
    await git(path, 'switch', '-q', '-c', 'gone');
    await commit(path, 'tagged');
    await git(path, 'tag', 'only-here');
    await git(path, 'switch', '-q', 'main');
    await git(path, 'branch', '-q', '-D', 'gone');
    return 'unpushed';
  },
  'commits on a detached HEAD': async ({ git, commit }, path) => {
    await git(path, 'switch', '-q', '--detach');
    await commit(path, 'detached');
    return 'unpushed';
  },
  'a stash': async ({ git }, path) => {
    await writeFile(join(path, 'first'), 'stashed');
    await git(path, 'stash', '-q');
    return 'stash';
  },
  'a branch without upstream': async ({ git }, path) => {
    await git(path, 'switch', '-q', '-c', 'lonely', '--no-track');
    return 'no-upstream';
  },
  'an upstream that is gone': async ({ git, remote, commit }, path) => {
    await git(path, 'switch', '-q', '-c', 'passing');
    await commit(path, 'pushed-once');
    await git(path, 'push', '-q', '-u', 'origin', 'passing');
    await git(remote, 'branch', '-q', '-D', 'passing');
    return 'upstream-gone';
  },
  'a push that the remote lost': async ({ git, remote, commit }, path) => {
    const before = await git(path, 'rev-parse', 'HEAD');
    await commit(path, 'pushed');
    await git(path, 'push', '-q');
    await git(remote, 'update-ref', 'refs/heads/main', before);
    return 'unpushed';
  },
  'an index lock': async (_, path) => {
    await writeFile(join(path, '.git', 'index.lock'), '');
    return 'locked';
  },
  'a merge with conflicts': async (fixture, path) => {
    await diverge(fixture, path);
    await fixture.git(path, 'merge', '-q', 'other').catch(() => '');
    return 'in-progress';
  },
  'a rebase with conflicts': async (fixture, path) => {
    await diverge(fixture, path);
    await fixture.git(path, 'rebase', '-q', 'other').catch(() => '');
    return 'in-progress';
  },
  'a cherry-pick with conflicts': async (fixture, path) => {
    await diverge(fixture, path);
    await fixture.git(path, 'cherry-pick', 'other').catch(() => '');
    return 'in-progress';
  },
  'a bisection': async ({ git }, path) => {
    await git(path, 'bisect', 'start', '-q').catch(() => '');
    return 'in-progress';
  },
  'a further work tree': async ({ git, directory }, path) => {
    await git(path, 'worktree', 'add', '-q', '--detach', join(directory, `tree-${Math.random()}`));
    return 'worktree';
  },
  'a remote that is away': async ({ git }, path) => {
    await git(path, 'remote', 'set-url', 'origin', '/nowhere/at/all.git');
    return 'fetch-failed';
  },
  'a submodule with changes': async (fixture, path) => {
    await writeFile(join(await addModule(fixture, path), 'first'), 'changed');
    return 'submodule';
  },
  'an empty HEAD, inside another repository': async ({ git, directory }, path) => {
    await git(directory, 'init', '-q');
    await truncate(join(path, '.git', 'HEAD'));
    return 'not-a-clone';
  },
  'an unborn HEAD beside an unpushed branch': async ({ git, commit }, path) => {
    await commit(path, 'unpushed');
    await git(path, 'symbolic-ref', 'HEAD', 'refs/heads/unborn');
    return 'unpushed';
  },
  'a missing object': async ({ git, commit }, path) => {
    const lost = await commit(path, 'lost');
    await commit(path, 'after');
    await rm(join(path, '.git', 'objects', lost.slice(0, 2), lost.slice(2)));
    await git(path, 'update-ref', 'refs/heads/other', 'HEAD');
    return 'unknown';
  },
  'commits that only a remote had that is no more': async ({ git, commit, directory }, path) => {
    await git(directory, 'init', '-q', '--bare', 'backup.git');
    await git(path, 'remote', 'add', 'backup', join(directory, 'backup.git'));
    await commit(path, 'backed-up');
    await git(path, 'push', '-q', 'backup', 'main');
    await git(path, 'config', '--remove-section', 'remote.backup');
    return 'unpushed';
  },
  'a tracking ref that no fetch renews': async ({ git, commit }, path) => {
    await git(path, 'config', 'remote.origin.fetch', '+refs/heads/main:refs/remotes/origin/main');
    const sha = await commit(path, 'on-the-side');
    await git(path, 'update-ref', 'refs/remotes/origin/side', sha);
    return 'unpushed';
  },
  'a remote that a fetch of all leaves out': async ({ git, remote, commit }, path) => {
    const before = await git(path, 'rev-parse', 'HEAD');
    await commit(path, 'pushed');
    await git(path, 'push', '-q');
    await git(remote, 'update-ref', 'refs/heads/main', before);
    await git(path, 'config', 'remote.origin.skipFetchAll', 'true');
    return 'unpushed';
  },
  'a changed file that is assumed unchanged': async ({ git }, path) => {
    await git(path, 'update-index', '--assume-unchanged', 'first');
    await writeFile(join(path, 'first'), 'changed');
    return 'hidden';
  },
  'a changed file that is skipped': async ({ git }, path) => {
    await git(path, 'update-index', '--skip-worktree', 'first');
    await writeFile(join(path, 'first'), 'changed');
    return 'hidden';
  },
  'a changed file outside of a sparse checkout': async ({ git, commit }, path) => {
    await mkdir(join(path, 'inside'));
    await commit(path, 'inside/file');
    await git(path, 'push', '-q');
    await git(path, 'sparse-checkout', 'set', '--no-cone', 'inside');
    await git(path, 'config', 'sparse.expectFilesOutsideOfPatterns', 'true');
    await writeFile(join(path, 'first'), 'changed outside');
    return 'hidden';
  },
  'a monitor that says that nothing changed': async ({ git, directory }, path) => {
    const monitor = join(directory, 'monitor');
    await writeFile(monitor, "#!/bin/sh\nprintf 'token\\0'\n");
    await chmod(monitor, 0o755);
    await git(path, 'config', 'core.fsmonitor', monitor);
    await git(path, 'status');
    await writeFile(join(path, 'first'), 'changed');
    return 'dirty';
  },
  'an object of git-lfs that was not uploaded': async (_, path) => {
    const folder = join(path, '.git', 'lfs', 'objects', 'ab', 'cd');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'abcd'), 'large');
    return 'lfs';
  },
  'an unpushed annotated tag': async ({ git }, path) => {
    await git(path, 'tag', '-a', '-m', 'words', 'annotated');
    return 'unpushed';
  },
  'unpushed notes': async ({ git }, path) => {
    await git(path, 'notes', 'add', '-m', 'a note');
    return 'unpushed';
  },
  'a lock of a branch': async (_, path) => {
    await writeFile(join(path, '.git', 'refs', 'heads', 'main.lock'), '');
    return 'locked';
  },
  'a submodule with a stash': async (fixture, path) => {
    const module = await addModule(fixture, path);
    await writeFile(join(module, 'first'), 'stashed');
    await fixture.git(module, 'stash', '-q');
    return 'submodule';
  },
  'a submodule with a hidden change': async (fixture, path) => {
    const module = await addModule(fixture, path);
    await fixture.git(module, 'update-index', '--assume-unchanged', 'first');
    await writeFile(join(module, 'first'), 'changed');
    return 'submodule';
  },
  'a submodule in the middle of a rebase': async (fixture, path) => {
    const module = await addModule(fixture, path);
    await diverge(fixture, module);
    await fixture.git(module, 'rebase', '-q', 'other').catch(() => '');
    return 'submodule';
  },
  'a deinitialised submodule with unpushed commits': async (fixture, path) => {
    const module = await addModule(fixture, path);
    await fixture.commit(module, 'in-the-module');
    await fixture.git(module, 'switch', '-q', '--detach', 'HEAD~');
    await fixture.git(path, 'submodule', '--quiet', 'deinit', '--force', 'module');
    return 'submodule';
  },
  'unpushed commits behind a gitlink that .gitmodules does not know': async (fixture, path) => {
    const { git, commit } = fixture;
    await git(path, 'clone', '-q', fixture.remote, 'linked');
    await git(path, 'add', 'linked').catch(() => '');
    await git(path, 'commit', '-q', '-m', 'linked');
    await git(path, 'push', '-q');
    await git(join(path, 'linked'), 'switch', '-q', '-c', 'side');
    await commit(join(path, 'linked'), 'in-there');
    await git(join(path, 'linked'), 'switch', '-q', 'main');
    return 'submodule';
  },
  'no repository': async (_, path) => {
    await rm(join(path, '.git'), { recursive: true });
    return 'not-a-clone';
  },
};

export async function diverge({ git, commit }: GitFixture, path: string): Promise<void> {
  await git(path, 'switch', '-q', '-c', 'other');
  await writeFile(join(path, 'both'), 'theirs');
  await git(path, 'add', 'both');
  await git(path, 'commit', '-q', '-m', 'theirs');
  await git(path, 'push', '-q', '-u', 'origin', 'other');
  await git(path, 'switch', '-q', 'main');
  await writeFile(join(path, 'both'), 'ours');
  await git(path, 'add', 'both');
  await git(path, 'commit', '-q', '-m', 'ours');
  await commit(path, 'more');
}

/** A submodule of the clone, committed and pushed. @returns its path. */
export async function addModule({ git, directory }: GitFixture, path: string): Promise<string> {
  const remote = join(directory, 'module.git');
  await git(directory, 'clone', '-q', '--bare', 'remote.git', remote);
  await git(path, 'submodule', '--quiet', 'add', remote, 'module');
  await git(path, 'commit', '-q', '-m', 'module');
  await git(path, 'push', '-q');
  return join(path, 'module');
}
