import {
  appendFile,
  chmod,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { GitFixture } from '../git-fixture.ts';
import { addModule, diverge, type Trouble } from './troubles.ts';

/** More of them, that few clones have: what a config hides, what a power cut leaves, and remotes that are none. */
export const rareTroubles: Record<string, Trouble> = {
  'an edit of the same size that the times do not show': async ({ git }, path) => {
    await git(path, 'config', 'core.trustctime', 'false');
    await git(path, 'config', 'core.checkStat', 'minimal');
    const file = join(path, 'first');
    const { atime, mtime } = await stat(file);
    // The index must be younger than the file, or git reads it in any case.
    await utimes(
      join(path, '.git', 'index'),
      new Date(mtime.getTime() + 5000),
      new Date(mtime.getTime() + 5000),
    );
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/[a-z]/g, 'z'));
    await utimes(file, atime, mtime);
    return 'dirty';
  },
  'a remote that is the clone itself': async ({ git, commit }, path) => {
    await commit(path, 'only-here');
    await git(path, 'remote', 'add', 'self', '.');
    return 'unpushed';
  },
  'a remote that is a further work tree of the clone': async ({ git, commit, directory }, path) => {
    await commit(path, 'only-here-too');
    const tree = join(directory, `tree-${Math.random()}`);
    await git(path, 'worktree', 'add', '-q', '--detach', tree);
    await git(path, 'remote', 'add', 'tree', tree);
    return 'unpushed';
  },
  'a merge that is not committed': async (fixture, path) => {
    const { git, commit } = fixture;
    await git(path, 'switch', '-q', '-c', 'merged');
    await commit(path, 'there');
    await git(path, 'push', '-q', '-u', 'origin', 'merged');
    await git(path, 'switch', '-q', 'main');
    await git(path, 'merge', '-q', '--no-ff', '--no-commit', 'merged');
    return 'in-progress';
  },
  'a revert with conflicts': async (fixture, path) => {
    await diverge(fixture, path);
    await writeFile(join(path, 'both'), 'later');
    await fixture.git(path, 'commit', '-q', '-a', '-m', 'later');
    await fixture.git(path, 'revert', '--no-edit', 'HEAD~2').catch(() => '');
    return 'in-progress';
  },
  'patches of which one does not apply': async ({ git, commit }, path) => {
    await commit(path, 'patched');
    const patch = await git(path, 'format-patch', '-1', '--stdout');
    await writeFile(join(path, '.git', 'the.patch'), `${patch.replaceAll('patched', 'elsewhere/patched')}\n`);
    await git(path, 'am', '-q', '.git/the.patch').catch(() => '');
    return 'unpushed';
  },
  'a file that is to be added': async ({ git }, path) => {
    await writeFile(join(path, 'later'), 'x');
    await git(path, 'add', '-N', 'later');
    return 'dirty';
  },
  'a removed file': async ({ git }, path) => {
    await git(path, 'rm', '-q', 'first');
    return 'dirty';
  },
  'a renamed file': async ({ git }, path) => {
    await git(path, 'mv', 'first', 'second name');
    return 'dirty';
  },
  'a file that became a link': async (_, path) => {
    await rename(join(path, 'first'), join(path, '.git', 'first'));
    await mkdir(join(path, 'first'));
    await writeFile(join(path, 'first', 'within'), 'x');
    return 'untracked';
  },
  'untracked files that a config hides': async ({ git }, path) => {
    await git(path, 'config', 'status.showUntrackedFiles', 'no');
    await writeFile(join(path, 'unseen'), 'x');
    return 'untracked';
  },
  'a submodule that a config hides': async (fixture, path) => {
    const module = await addModule(fixture, path);
    await fixture.git(path, 'config', 'submodule.module.ignore', 'all');
    await fixture.git(path, 'config', 'diff.ignoreSubmodules', 'all');
    await fixture.commit(module, 'hidden');
    return 'submodule';
  },
  'an unpushed ref that is neither a branch nor a tag': async ({ git, commit }, path) => {
    const before = await git(path, 'rev-parse', 'HEAD');
    const sha = await commit(path, 'wip');
    await git(path, 'update-ref', 'refs/wip/one', sha);
    await git(path, 'reset', '-q', '--hard', before);
    return 'unpushed';
  },
  'a tag of a file': async ({ git }, path) => {
    await writeFile(join(path, '.git', 'content'), 'only in a tag');
    const object = await git(path, 'hash-object', '-w', '.git/content');
    await git(path, 'tag', 'of-a-file', object);
    return 'unpushed';
  },
  'an unpushed commit in packed refs': async ({ git, commit }, path) => {
    await git(path, 'switch', '-q', '-c', 'packed');
    await commit(path, 'in-a-pack');
    await git(path, 'switch', '-q', 'main');
    await git(path, 'pack-refs', '--all');
    await git(path, 'repack', '-q', '-a', '-d');
    return 'unpushed';
  },
  'a branch whose file is empty after a power cut': async ({ git, commit }, path) => {
    await git(path, 'switch', '-q', '-c', 'torn');
    await commit(path, 'torn');
    await git(path, 'switch', '-q', 'main');
    await truncate(join(path, '.git', 'refs', 'heads', 'torn'));
    return 'unknown';
  },
  'a branch that points at nothing': async (_, path) => {
    await writeFile(join(path, '.git', 'refs', 'heads', 'dangling'), `${'ab'.repeat(20)}\n`);
    return 'unknown';
  },
  'an index that is torn': async (_, path) => {
    await truncate(join(path, '.git', 'index'), 20);
    return 'unknown';
  },
  'no index': async (_, path) => {
    await rm(join(path, '.git', 'index'));
    return 'dirty';
  },
  'a config that is torn': async (_, path) => {
    await appendFile(join(path, '.git', 'config'), '[remote "or');
    return 'unknown';
  },
  'a work tree that its config has elsewhere': async ({ git, directory }, path) => {
    await git(path, 'config', 'core.worktree', directory);
    return 'not-a-clone';
  },
  'a config that calls it bare': async ({ git }, path) => {
    await git(path, 'config', 'core.bare', 'true');
    return 'not-a-clone';
  },
  'objects that were elsewhere, and are gone': async ({ git, commit, directory }, path) => {
    await commit(path, 'borrowed');
    const store = join(directory, `store-${Math.random()}`);
    await git(path, 'repack', '-q', '-a', '-d');
    await rename(join(path, '.git', 'objects', 'pack'), store);
    await mkdir(join(path, '.git', 'objects', 'pack'));
    return 'unknown';
  },
  'a lock of all refs': async (_, path) => {
    await writeFile(join(path, '.git', 'packed-refs.lock'), '');
    return 'locked';
  },
  'a hook that ends every push': async ({ commit }, path) => {
    await mkdir(join(path, '.git', 'hooks'), { recursive: true });
    await writeFile(join(path, '.git', 'hooks', 'pre-push'), '#!/bin/sh\nexit 1\n');
    await chmod(join(path, '.git', 'hooks', 'pre-push'), 0o755);
    await commit(path, 'not-let-out');
    return 'unpushed';
  },
  'a remote that hangs': async ({ git, directory }, path) => {
    const hang = join(directory, 'hang');
    await writeFile(hang, '#!/bin/sh\nexec sleep 20\n', { mode: 0o755 });
    await git(path, 'config', 'remote.origin.uploadpack', hang);
    await git(path, 'config', 'remote.origin.receivepack', hang);
    return 'fetch-failed';
  },
  'a filter that hangs': async ({ git }, path) => {
    await git(path, 'config', 'filter.slow.clean', 'sleep 20');
    await writeFile(join(path, '.git', 'info', 'attributes'), '* filter=slow\n');
    await writeFile(join(path, 'filtered'), 'only here');
    await writeFile(join(path, 'first'), 'filtered');
    return 'dirty';
  },
};

/** Ways to have a clone in which all is pushed. */
export const shapes: Record<string, (fixture: GitFixture, path: string) => Promise<void>> = {
  usual: async () => {},
  packed: async ({ git }, path) => void (await git(path, 'gc', '-q')),
  'on a branch with a slash': async ({ git }, path) => {
    await git(path, 'switch', '-q', '-c', 'feature/ä b'.replace(' ', '-'));
    await git(path, 'push', '-q', '-u', 'origin', 'HEAD');
  },
  sparse: async ({ git, commit }, path) => {
    await mkdir(join(path, 'in'));
    await commit(path, 'in/side');
    await git(path, 'push', '-q');
    await git(path, 'sparse-checkout', 'set', 'in');
  },
  'with its repository elsewhere': async ({ directory }, path) => {
    const elsewhere = join(directory, 'elsewhere.git');
    await rename(join(path, '.git'), elsewhere);
    await writeFile(join(path, '.git'), `gitdir: ${elsewhere}\n`);
  },
  'with ignored files': async ({ git, commit }, path) => {
    await commit(path, 'build');
    await git(path, 'rm', '-q', '--cached', 'build');
    await writeFile(join(path, '.gitignore'), 'build\n');
    await git(path, 'add', '.gitignore');
    await git(path, 'commit', '-q', '-m', 'ignore');
    await git(path, 'push', '-q');
  },
  'with a submodule': async (fixture, path) => void (await addModule(fixture, path)),
};
