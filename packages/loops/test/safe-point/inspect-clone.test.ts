import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UnsafeCode } from '../../src/git/clone-report.ts';
import { inspectClone } from '../../src/safe-point/inspect-clone.ts';
import { salvageClone } from '../../src/safe-point/salvage.ts';
import { type GitFixture, makeGitFixture } from '../git-fixture.ts';
import { soak } from '../soak.ts';

type Trouble = (fixture: GitFixture, path: string) => Promise<UnsafeCode>;

/** Ways in which a clone holds something that is nowhere else, or is in the middle of something. */
const troubles: Record<string, Trouble> = {
  'a changed file': async (_, path) => {
    await writeFile(join(path, 'first'), 'changed');
    return 'dirty';
  },
  'a staged file': async ({ git }, path) => {
    await writeFile(join(path, 'sta ged'), 'x');
    await git(path, 'add', 'sta ged');
    return 'dirty';
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
  'a submodule with changes': async ({ git, remote }, path) => {
    await git(path, 'submodule', '--quiet', 'add', remote, 'module');
    await git(path, 'commit', '-q', '-m', 'module');
    await git(path, 'push', '-q');
    await writeFile(join(path, 'module', 'first'), 'changed');
    return 'submodule';
  },
  'no repository': async (_, path) => {
    await rm(join(path, '.git'), { recursive: true });
    return 'not-a-clone';
  },
};

async function diverge({ git, commit }: GitFixture, path: string): Promise<void> {
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

  it('is not changed by the look', async () => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const index = await readFile(join(path, '.git', 'index'));
    await inspectClone(localHost(), path);
    expect(await readFile(join(path, '.git', 'index'))).toEqual(index);
  });
});

describe('salvage', () => {
  const mendable = names.filter(
    (name) => !['no repository', 'a submodule with changes', 'a remote that is away'].includes(name),
  );

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
