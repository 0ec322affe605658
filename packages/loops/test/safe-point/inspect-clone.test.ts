import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspectClone } from '../../src/safe-point/inspect-clone.ts';
import { salvageClone } from '../../src/safe-point/salvage/salvage-clone.ts';
import { makeGitFixture } from '../git-fixture.ts';
import { soak } from '../soak.ts';
import { troubles } from './troubles.ts';

const names = Object.keys(troubles);

describe('a clone', () => {
  it('that is clean and pushed is at a safe point', async () => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const report = await inspectClone(localHost(), path);
    expect(report).toMatchObject({
      safe: true,
      reasons: [],
      branch: 'main',
      upstream: 'origin/main',
      unpushed: 0,
    });
    expect(report.head).toBe(await fixture.git(path, 'rev-parse', 'HEAD'));
  });

  it.each(names)('with %s is not, and says so', async (name) => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const code = await troubles[name]?.(fixture, path);
    const report = await inspectClone(localHost(), path);
    expect(report.safe).toBe(false);
    expect(report.reasons.map((reason) => reason.code)).toContain(code);
  });

  it('is at a safe point with a further work tree whose folder is gone, once its commits are pushed', async () => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const tree = join(fixture.directory, 'tree');
    await fixture.git(path, 'worktree', 'add', '-q', '--detach', tree);
    const commit = await fixture.commit(tree, 'detached');
    await rm(tree, { recursive: true });
    const codes = async () => (await inspectClone(localHost(), path)).reasons.map(({ code }) => code);
    expect(await codes()).toEqual(['unpushed']);
    await fixture.git(path, 'push', '-q', 'origin', `${commit}:refs/heads/kept`);
    expect(await codes()).toEqual([]);
  });

  it('of another user is not known, and the report says what to do', async () => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    await chown(path, 65_534, 65_534);
    await chown(join(path, '.git'), 65_534, 65_534);
    expect((await inspectClone(localHost(), path)).reasons).toMatchObject([
      { code: 'unknown', detail: expect.stringContaining('safe.directory') },
    ]);
  });

  it('is not changed by the look', async () => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const index = await readFile(join(path, '.git', 'index'));
    await inspectClone(localHost(), path);
    expect(await readFile(join(path, '.git', 'index'))).toEqual(index);
  });
});

describe('salvage', () => {
  const notMendable = new Set([
    'no repository',
    'an empty HEAD, inside another repository',
    'a missing object',
    'a submodule with changes',
    'a remote that is away',
  ]);
  const mendable = names.filter((name) => !notMendable.has(name));

  it(`keeps every byte and commit of ${soak(100, 2)} troubled clones, and git fsck stays clean`, async () => {
    const samples = fc.sample(fc.uniqueArray(fc.constantFrom(...mendable), { minLength: 1, maxLength: 3 }), {
      numRuns: soak(100, 2),
      seed: 7,
    });
    for (const chosen of samples) {
      await using fixture = await makeGitFixture();
      const path = await fixture.clone('work');
      // What one trouble leaves behind may keep the next from happening; one at least is there.
      for (const name of chosen) await troubles[name]?.(fixture, path).catch(() => undefined);
      await mkdir(join(path, 'deep', 'er'), { recursive: true });
      await writeFile(join(path, 'deep', 'er', 'un tracked'), 'precious');
      const host = localHost();
      expect((await inspectClone(host, path)).safe).toBe(false);
      const commits = await fixture.git(path, 'rev-list', '--branches', '--tags', 'HEAD');
      const status = await fixture.git(path, 'status', '--porcelain');
      const salvage = await salvageClone(host, path);
      expect(salvage.pushedTo).toBe('origin');
      const kept = new Set((await fixture.git(fixture.remote, 'rev-list', salvage.ref, '--all')).split('\n'));
      expect(commits.split('\n').filter((commit) => !kept.has(commit))).toEqual([]);
      expect(await fixture.git(fixture.remote, 'show', `${salvage.ref}:deep/er/un tracked`)).toBe('precious');
      expect(await fixture.git(path, 'status', '--porcelain')).toBe(status);
      expect(await fixture.git(path, 'fsck', '--no-dangling')).not.toMatch(/error|missing|corrupt/);
    }
  }, 300_000);
});
