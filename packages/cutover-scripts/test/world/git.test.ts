import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { gitIn } from '../../src/world/git.ts';

const run = promisify(execFile);

it('runs git in a process group of its own, which a Ctrl-C at the terminal does not reach', async () => {
  const { signal } = new AbortController();
  const group = await gitIn('.', {})(signal, '-c', 'alias.group=!ps -o pgid= -p $$ #', 'group');
  const own = await run('ps', ['-o', 'pgid=', '-p', String(process.pid)]);
  expect(group.trim()).toMatch(/^\d+$/);
  expect(group.trim()).not.toBe(own.stdout.trim());
});

it('works in its own folder, also where it was started by a git that works in another', async () => {
  const root = await mkdtemp(join(tmpdir(), 'git-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const { signal } = new AbortController();
  const [theirs, ours] = [join(root, 'theirs'), join(root, 'ours')];
  for (const folder of [theirs, ours]) await run('git', ['init', '--quiet', folder]);
  // As git sets it for its hooks, its aliases and `rebase --exec`.
  vi.stubEnv('GIT_DIR', join(theirs, '.git'));
  vi.stubEnv('GIT_INDEX_FILE', join(theirs, '.git/index'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const author = {
    GIT_AUTHOR_NAME: 'x',
    GIT_AUTHOR_EMAIL: 'x@x',
    GIT_COMMITTER_NAME: 'x',
    GIT_COMMITTER_EMAIL: 'x@x',
  };
  const git = gitIn(ours, author);
  await git(signal, 'commit', '--quiet', '--allow-empty', '--message', 'one');
  expect((await git(signal, 'rev-parse', '--absolute-git-dir')).trim()).toBe(join(ours, '.git'));
  expect(await readdir(join(theirs, '.git/refs/heads'))).toEqual([]);
});
