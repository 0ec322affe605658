import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import type { GitFixture } from '../git-fixture.ts';
import { addModule, diverge } from './troubles.ts';

const host = localHost();

/** Makes something that only the clone has. @returns the objects that must be kept. */
export type Precious = (fixture: GitFixture, path: string) => Promise<string[]>;

export async function blob({ git }: GitFixture, path: string, name: string): Promise<string> {
  await writeFile(join(path, name), `only here: ${name}\n`);
  return git(path, 'hash-object', name);
}

/** Work that only a clone has. */
export const precious: Record<string, Precious> = {
  'the content of a repository inside it': async (fixture, path) => {
    const inside = join(path, 'inside');
    await fixture.git(path, 'init', '-q', '-b', 'main', 'inside');
    const commit = await fixture.commit(inside, 'committed');
    return [commit, await blob(fixture, inside, 'uncommitted')];
  },
  'the content of a repository without commits inside it': async (fixture, path) => {
    await fixture.git(path, 'init', '-q', 'inside');
    return [await blob(fixture, join(path, 'inside'), 'uncommitted')];
  },
  'a further work tree with commits on a detached HEAD': async (fixture, path) => {
    const tree = join(fixture.directory, 'tree');
    await fixture.git(path, 'worktree', 'add', '-q', '--detach', tree);
    const commit = await fixture.commit(tree, 'detached');
    return [commit, await blob(fixture, tree, 'uncommitted')];
  },
  'commits and changes of a submodule': async (fixture, path) => {
    const module = await addModule(fixture, path);
    await fixture.git(module, 'switch', '-q', '-c', 'side');
    const side = await fixture.commit(module, 'on-the-side');
    await fixture.git(module, 'switch', '-q', 'main');
    return [side, await blob(fixture, module, 'uncommitted')];
  },
  'commits of a submodule that is not checked out': async (fixture, path) => {
    const module = await addModule(fixture, path);
    const commit = await fixture.commit(module, 'in-the-module');
    await fixture.git(module, 'switch', '-q', '--detach', 'HEAD~');
    await fixture.git(path, 'submodule', '--quiet', 'deinit', '--force', 'module');
    return [commit];
  },
  'what a rebase has put aside': async (fixture, path) => {
    await diverge(fixture, path);
    await writeFile(join(path, 'first'), 'put aside');
    const aside = await fixture.git(path, 'hash-object', 'first');
    await fixture.git(path, 'rebase', '-q', '--autostash', 'other').catch(() => '');
    return [aside];
  },
  'a file outside of a sparse checkout': async (fixture, path) => {
    await mkdir(join(path, 'inside'));
    await fixture.commit(path, 'inside/file');
    await fixture.git(path, 'push', '-q');
    await fixture.git(path, 'sparse-checkout', 'set', 'inside');
    await mkdir(join(path, 'outside'));
    return [await blob(fixture, path, 'outside/new')];
  },
  'the words of an annotated tag': async ({ git }, path) => {
    await git(path, 'tag', '-a', '-m', 'words', 'annotated');
    const words = await host.run(['git', '-C', path, 'cat-file', 'tag', 'annotated']);
    await writeFile(join(path, '.git', 'words'), words.stdoutBytes);
    return [await git(path, 'hash-object', '.git/words')];
  },
  notes: async ({ git }, path) => {
    await git(path, 'notes', 'add', '-m', 'a note');
    return [await git(path, 'rev-parse', 'refs/notes/commits')];
  },
  'the work tree in spite of a filter that hangs': async (fixture, path) => {
    await fixture.git(path, 'config', 'filter.slow.clean', 'sleep 1000');
    await writeFile(join(path, '.git', 'info', 'attributes'), '* filter=slow\n');
    await writeFile(join(path, 'filtered'), 'only here');
    return [await fixture.git(path, 'hash-object', '--no-filters', 'filtered')];
  },
  'the work tree in spite of a hook that hangs': async (fixture, path) => {
    const hook = join(path, '.git', 'hooks', 'reference-transaction');
    await mkdir(join(path, '.git', 'hooks'), { recursive: true });
    await writeFile(hook, '#!/bin/sh\nexec sleep 1000\n');
    await chmod(hook, 0o755);
    return [await blob(fixture, path, 'uncommitted')];
  },
};
