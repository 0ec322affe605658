import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asUser, localHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { salvageClone } from '../../../src/safe-point/salvage/salvage-clone.ts';
import { type GitFixture, makeGitFixture } from '../../git-fixture.ts';
import { addModule, diverge } from '../troubles.ts';

const host = localHost();

/** Makes something that only the clone has. @returns the objects that must be kept. */
type Precious = (fixture: GitFixture, path: string) => Promise<string[]>;

async function blob({ git }: GitFixture, path: string, name: string): Promise<string> {
  await writeFile(join(path, name), `only here: ${name}\n`);
  return git(path, 'hash-object', name);
}

const kinds: Record<string, Precious> = {
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

describe('salvage', () => {
  it.each(Object.keys(kinds))('keeps %s', async (name) => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const objects = (await kinds[name]?.(fixture, path)) ?? [];
    const salvage = await salvageClone(host, path, { timeout: 8000 });
    expect(salvage).toMatchObject({ pushedTo: 'origin', notKept: [] });
    const kept = await fixture.git(fixture.remote, 'rev-list', '--objects', salvage.ref);
    for (const object of objects) expect(kept).toContain(object);
    expect(await fixture.git(path, 'fsck', '--no-dangling')).not.toMatch(/error|missing|corrupt/);
  });

  it('names what it could not keep', async () => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    await writeFile(join(path, 'closed'), 'a secret of another user');
    await chmod(join(path, 'closed'), 0o600);
    await blob(fixture, path, 'open');
    for (const folder of [fixture.directory, path]) await chmod(folder, 0o777);
    await host.run(['chown', '-R', 'nobody', path, fixture.remote]);
    await chown(join(path, 'closed'), 0, 0);
    const salvage = await salvageClone(asUser(host, 'nobody'), path, { push: false });
    expect(salvage.notKept).toEqual([expect.stringContaining('closed')]);
    await host.run(['chown', '-R', 'root', path]);
    expect(await fixture.git(path, 'show', `${salvage.ref}:open`)).toBe('only here: open');
    expect(await readFile(join(path, 'closed'), 'utf8')).toBe('a secret of another user');
  });
});
