import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { type GatePlace, readClaim } from '../../src/gates/gate-refs.ts';
import { pushClaim } from '../../src/gates/push-claim.ts';
import { pushVerdict, requirePassed } from '../../src/gates/push-verdict.ts';
import { type Gate, runGate } from '../../src/gates/run-gate.ts';
import { type GitFixture, makeGitFixture } from '../git-fixture.ts';

const host = localHost();

async function setUp(): Promise<{
  fixture: GitFixture;
  builder: GatePlace;
  adversary: GatePlace;
  path: string;
}> {
  const fixture = await makeGitFixture();
  const path = await fixture.clone('builder');
  const place = (repository: string): GatePlace => ({ repository, rig: 'test', phase: 2, branch: 'main' });
  return { fixture, builder: place(path), adversary: place(await fixture.clone('adversary')), path };
}

const push = async (fixture: GitFixture, path: string, file: string): Promise<string> => {
  const sha = await fixture.commit(path, file);
  await fixture.git(path, 'push', '-q');
  return sha;
};

describe('a gate', () => {
  it('is passed by a claim and a verdict on the very same commit', async () => {
    const { fixture, builder, adversary, path } = await setUp();
    await using _ = fixture;
    await expect(requirePassed(host, builder, ['adversary'])).rejects.toMatchObject({
      code: 'ADVANCE_REFUSED',
    });
    const sha = await push(fixture, path, 'work');
    const claim = await pushClaim(host, { ...builder, by: 'builder' });
    expect(claim).toMatchObject({ sha, round: 1, phase: 2 });
    expect(await pushClaim(host, { ...builder, by: 'builder' })).toEqual(claim);
    await expect(requirePassed(host, builder, ['adversary'])).rejects.toThrow('no verdict means no');
    await pushVerdict(host, { ...adversary, by: 'adversary', sha, verdict: 'pass' });
    expect(await requirePassed(host, builder, ['adversary'])).toMatchObject({
      claim: { sha },
      verdict: { sha, verdict: 'pass' },
    });
  });

  it('is not passed by the claimer, nor by a loop that is not a reviewer', async () => {
    const { fixture, builder, path } = await setUp();
    await using _ = fixture;
    const sha = await push(fixture, path, 'work');
    await pushClaim(host, { ...builder, by: 'builder' });
    await pushVerdict(host, { ...builder, by: 'builder', sha, verdict: 'pass' });
    await expect(requirePassed(host, builder, ['adversary'])).rejects.toThrow('not its reviewer');
    await expect(requirePassed(host, builder, ['adversary', 'builder'])).rejects.toThrow('not its reviewer');
  });

  it('counts its rounds also when the ref of a claim was removed', async () => {
    const { fixture, builder, path } = await setUp();
    await using _ = fixture;
    await push(fixture, path, 'work');
    const claim = { ...builder, by: 'builder', maxRounds: 2 };
    expect(await pushClaim(host, { ...claim, roundsSpent: 1 })).toMatchObject({ round: 2 });
    await fixture.git(fixture.remote, 'update-ref', '-d', 'refs/loops/test/claims/2');
    await expect(pushClaim(host, { ...claim, roundsSpent: 2 })).rejects.toMatchObject({
      code: 'ROUNDS_USED_UP',
    });
  });

  it.each([['what is no JSON'], ['{"phase": "two"}']])(
    'says that a claim is damaged by %j, and the next one replaces it',
    async (garbage) => {
      const { fixture, builder, path } = await setUp();
      await using _ = fixture;
      await writeFile(join(path, 'document.json'), garbage);
      await fixture.git(path, 'add', 'document.json');
      await fixture.git(path, 'commit', '-q', '-m', 'garbage');
      await fixture.git(path, 'push', '-q', 'origin', 'HEAD:refs/loops/test/claims/2', 'HEAD:main');
      await expect(readClaim(host, builder)).rejects.toMatchObject({
        code: 'GATE_DAMAGED',
        message: expect.stringContaining('refs/loops/test/claims/2'),
      });
      expect(await pushClaim(host, { ...builder, by: 'builder' })).toMatchObject({ round: 1 });
      expect(await readClaim(host, builder)).toMatchObject({ by: 'builder' });
    },
  );

  it('refuses a verdict on another commit, before the claim, and after the branch moved on', async () => {
    const { fixture, builder, adversary, path } = await setUp();
    await using _ = fixture;
    const first = await push(fixture, path, 'one');
    const verdict = { ...adversary, by: 'adversary', verdict: 'pass' } as const;
    await expect(pushVerdict(host, { ...verdict, sha: first })).rejects.toMatchObject({
      code: 'VERDICT_REFUSED',
    });
    await pushClaim(host, { ...builder, by: 'builder' });
    await expect(pushVerdict(host, { ...verdict, sha: 'f'.repeat(40) })).rejects.toMatchObject({
      code: 'VERDICT_REFUSED',
    });
    const second = await push(fixture, path, 'two');
    await expect(pushVerdict(host, { ...verdict, sha: first })).rejects.toThrow('the claim is void');
    await expect(pushVerdict(host, { ...verdict, sha: second })).rejects.toMatchObject({
      code: 'VERDICT_REFUSED',
    });
  });

  it('is not passed by a verdict on an earlier claim, nor by a pass whose commit is not the head any more', async () => {
    const { fixture, builder, adversary, path } = await setUp();
    await using _ = fixture;
    const first = await push(fixture, path, 'one');
    await pushClaim(host, { ...builder, by: 'builder' });
    await pushVerdict(host, { ...adversary, by: 'adversary', sha: first, verdict: 'pass' });
    await push(fixture, path, 'two');
    await expect(requirePassed(host, builder, ['adversary'])).rejects.toThrow('the claim is void');
    await pushClaim(host, { ...builder, by: 'builder' });
    await expect(requirePassed(host, builder, ['adversary'])).rejects.toMatchObject({
      code: 'ADVANCE_REFUSED',
    });
  });

  it('takes a claim only on what is pushed, only so many times, and only one verdict for each', async () => {
    const { fixture, builder, adversary, path } = await setUp();
    await using _ = fixture;
    await fixture.commit(path, 'unpushed');
    await expect(pushClaim(host, { ...builder, by: 'builder' })).rejects.toMatchObject({
      code: 'CLAIM_REFUSED',
    });
    await fixture.git(path, 'push', '-q');
    for (const round of [1, 2]) {
      const sha = await push(fixture, path, `round-${round}`);
      expect((await pushClaim(host, { ...builder, by: 'builder', maxRounds: 2 })).round).toBe(round);
      await pushVerdict(host, { ...adversary, by: 'adversary', sha, verdict: 'fail', note: 'no' });
      await expect(
        pushVerdict(host, { ...adversary, by: 'another', sha, verdict: 'pass' }),
      ).rejects.toMatchObject({ code: 'VERDICT_REFUSED' });
    }
    await push(fixture, path, 'round-3');
    await expect(pushClaim(host, { ...builder, by: 'builder', maxRounds: 2 })).rejects.toThrow(
      'a person must look',
    );
  });

  it('lets no commit be claimed that its commands refuse, says why, and spends no round on it', async () => {
    const { fixture, builder, path } = await setUp();
    await using _ = fixture;
    const check = 'ls; test "$LOOPS_PHASE" = 2 && test -z "$LOOPS_TEST_LEAK" && test -e done';
    const gate: Gate = {
      commands: [['true'], ['sh', '-c', check], ['git', 'diff', '--quiet', 'HEAD']],
      environment: { PATH: process.env['PATH'] ?? '', LOOPS_PHASE: '2' },
      timeout: 10_000,
    };
    process.env['LOOPS_TEST_LEAK'] = 'leaked';
    await push(fixture, path, 'work');
    // What lies in the work tree, and is not in the commit, counts for nothing.
    await writeFile(join(path, 'done'), '');
    const refused = pushClaim(host, { ...builder, by: 'builder', gate });
    await expect(refused).rejects.toMatchObject({ code: 'GATE_FAILED' });
    await expect(refused).rejects.toThrow(/exit code 1:\nfirst\nwork$/);
    expect(await readClaim(host, builder)).toBeUndefined();
    const sha = await push(fixture, path, 'done');
    expect(await pushClaim(host, { ...builder, by: 'builder', gate })).toMatchObject({ sha, round: 1 });
    const slow = { ...gate, commands: [['sleep', '60']], timeout: 200 };
    await expect(runGate(host, builder, slow, sha)).rejects.toThrow('took more than 200 ms');
    delete process.env['LOOPS_TEST_LEAK'];
    expect((await fixture.git(path, 'worktree', 'list')).split('\n')).toHaveLength(1);
  });

  it('holds exactly one of two claims that are pushed at once', async () => {
    const { fixture, builder, path } = await setUp();
    await using _ = fixture;
    await push(fixture, path, 'work');
    const other = { ...builder, repository: await fixture.clone('other') };
    const claims = await Promise.allSettled([
      pushClaim(host, { ...builder, by: 'one' }),
      pushClaim(host, { ...other, by: 'two' }),
    ]);
    const commits = new Set(
      claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value.commit] : [])),
    );
    expect(commits.size).toBe(1);
    expect(commits).toContain((await readClaim(host, builder))?.commit);
  });
});
