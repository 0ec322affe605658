import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lastSync } from '../../src/phases/d-cut-over/move-over.ts';
import { verifyHandoff } from '../../src/phases/d-cut-over/start-new.ts';
import { syncBack } from '../../src/phases/rollback/move-back.ts';
import { findHandoff } from '../../src/rig/handoff.ts';
import type { World } from '../../src/world/world.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

const signal = AbortSignal.timeout(600_000);
let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
beforeEach(() => hosts.reset());
afterAll(() => hosts[Symbol.asyncDispose]());

/** The same hosts, with a rig that counts no plan phases, and that proves itself so. */
function withoutPhases(handoff?: object): World {
  const { settings } = hosts.world;
  const old = { ...settings.old, resumePoint: undefined };
  return { ...hosts.world, settings: { ...settings, old, handoff } } as unknown as World;
}

describe('a rig without plan phases, claims and verdicts', () => {
  test('moves its commits both ways, and no resume point', async () => {
    const world = withoutPhases();
    const { git, old, new: target } = hosts;
    await git(old.clone, 'commit', '--quiet', '--allow-empty', '--message', 'last of the old');
    await git(old.clone, 'push', '--quiet', 'origin', 'HEAD:main');
    const context = stepContext(world, { 'carry-ahead': { listing: null, differing: 0 } });
    expect(await lastSync.check?.(context)).toMatchObject({
      state: 'partial',
      evidence: { planPhase: null },
    });
    await lastSync.apply?.(context);
    expect(await lastSync.check?.(context)).toMatchObject({ state: 'satisfied' });
    expect(await git(target.clone, 'log', '-1', '--format=%s')).toBe('last of the old');
    await git(target.clone, 'commit', '--quiet', '--allow-empty', '--message', 'first of the new');
    await git(target.clone, 'push', '--quiet', 'origin', 'HEAD:main');
    await syncBack.apply?.(context);
    expect(await syncBack.check?.(context)).toMatchObject({
      state: 'satisfied',
      evidence: { planPhase: null },
    });
    expect(await git(old.clone, 'log', '-1', '--format=%s')).toBe('first of the new');
  });

  test('has handed over work when a commit has come since the last sync, and not before', async () => {
    const world = withoutPhases({ repository: 'work', proof: 'commit', timeout: 1000 });
    const { git, new: target } = hosts;
    const head = await git(target.clone, 'rev-parse', 'HEAD');
    const end = { heads: { [target.clone]: head }, planPhase: null };
    expect(await findHandoff(world, end, signal)).toMatchObject({ complete: false, newCommits: 0 });
    await git(target.clone, 'commit', '--quiet', '--allow-empty', '--message', 'new work');
    expect(await findHandoff(world, end, signal)).toMatchObject({ complete: false });
    await git(target.clone, 'push', '--quiet', 'origin', 'HEAD:main');
    const commit = await git(target.clone, 'rev-parse', 'HEAD');
    expect(await findHandoff(world, end, signal)).toMatchObject({ complete: true, newCommits: 1, commit });
  });

  test('says what was not seen when the time for it is over', async () => {
    const world = withoutPhases({ repository: 'work', proof: 'commit', timeout: 1500 });
    const { git, new: target } = hosts;
    const heads = { [target.clone]: await git(target.clone, 'rev-parse', 'HEAD') };
    const context = stepContext(world, { 'last-sync': { heads, planPhase: null } });
    await expect(verifyHandoff.apply?.(context)).rejects.toMatchObject({
      code: 'NO_HANDOFF',
      message: expect.stringMatching(/^the loops run on .*, but no new commit was seen within 1\.5s/),
      seen: { complete: false, newCommits: 0 },
    });
  });

  test('is taken at its word where no handoff is configured', async () => {
    const context = stepContext(withoutPhases(), { 'last-sync': { heads: {}, planPhase: null } });
    expect(await verifyHandoff.check?.(context)).toMatchObject({
      state: 'satisfied',
      evidence: { commit: null },
    });
  });
});
