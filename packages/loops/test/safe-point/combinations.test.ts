import { localHost } from '@cutover/host';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspectClone } from '../../src/safe-point/inspect-clone.ts';
import { provesStopped } from '../../src/safe-point/proves-stopped.ts';
import { quiesce } from '../../src/safe-point/quiesce.ts';
import { type GitFixture, makeGitFixture } from '../git-fixture.ts';
import { soak } from '../soak.ts';
import { precious } from './precious.ts';
import { rareTroubles, shapes } from './rare-troubles.ts';
import { troubles } from './troubles.ts';

const host = localHost();

/** Each kind makes something that only the clone has, or that keeps git from telling. */
const kinds = new Map<string, (fixture: GitFixture, path: string) => Promise<unknown>>([
  ...Object.entries(troubles),
  ...Object.entries(rareTroubles),
  ...Object.entries(precious),
]);
const deadline = 3000;

const combination = fc.record({
  shape: fc.constantFrom(...Object.keys(shapes)),
  chosen: fc.uniqueArray(fc.constantFrom(...kinds.keys()), { minLength: 1, maxLength: 3 }),
});

describe('a clone in any of the usual shapes', () => {
  it.each(Object.keys(shapes))('%s is safe once all is pushed', async (shape) => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    await shapes[shape]?.(fixture, path);
    expect((await inspectClone(host, path)).reasons).toEqual([]);
  });
});

describe('a clone that is in trouble', () => {
  it.each(Object.keys(rareTroubles))('with %s is not safe, and says so', async (name) => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const code = await rareTroubles[name]?.(fixture, path);
    const { safe, reasons } = await inspectClone(host, path, { timeout: 4000 });
    expect(safe).toBe(false);
    expect(reasons.map((reason) => reason.code)).toContain(code);
  });

  it(`in ${soak(300, 1)} ways at once is never called safe, never damaged, and in time`, async () => {
    expect(kinds.size).toBeGreaterThanOrEqual(70);
    const samples = fc.sample(combination, {
      numRuns: soak(300, 1),
      seed: Number(process.env['LOOPS_SEED'] ?? 16),
    });
    const problems: string[] = [];
    for (const { shape, chosen } of samples) {
      const problem = await problemOf(shape, chosen);
      if (problem !== undefined) problems.push(`${shape} with ${chosen.join(' + ')}: ${problem}`);
    }
    expect(problems).toEqual([]);
  }, 7_200_000);
});

/** What a quiesce does wrong with a clone of this shape in these troubles, if anything. */
async function problemOf(shape: string, chosen: readonly string[]): Promise<string | undefined> {
  await using fixture = await makeGitFixture();
  const path = await fixture.clone('work');
  await shapes[shape]?.(fixture, path);
  const made: string[] = [];
  // What hangs comes last: the making of the others would hang as well.
  for (const name of chosen.toSorted(
    (one, other) => Number(one.includes('hang')) - Number(other.includes('hang')),
  )) {
    // What one trouble leaves behind may keep the next from happening.
    const happened = await kinds
      .get(name)?.(fixture, path)
      .then(
        () => true,
        () => false,
      );
    if (happened === true) made.push(name);
  }
  if (made.length === 0) return undefined;
  const damage = await damageIn(path);
  const commits = await commitsIn(path);
  const started = performance.now();
  const report = await quiesce(host, { clones: [path], processes: {}, deadline });
  const late = performance.now() - started - deadline;
  const problems: string[] = [];
  // Of a busy machine, so much as a look at all processes takes it.
  const looking = performance.now();
  await provesStopped(host, { processes: {} });
  const busy = performance.now() - looking;
  if (late > 1000 + 10 * Math.max(0, busy - 30))
    problems.push(`it was late by ${Math.round(late)} ms, a look takes ${busy} ms`);
  const [clone] = report.clones;
  if (report.safe || clone?.safe !== false) problems.push('it is called safe');
  const fresh = (await damageIn(path)).filter((line) => !damage.includes(line));
  if (fresh.length > 0) problems.push(`git fsck says: ${fresh.join('; ')}`);
  const { salvage, salvageProblem } = clone ?? {};
  if (salvage === undefined && salvageProblem === undefined)
    problems.push('nothing says why nothing was kept');
  if (salvage?.notKept.length === 0) {
    const kept = new Set(await listed(path, salvage.ref));
    const lost = commits.filter((commit) => !kept.has(commit));
    if (lost.length > 0) problems.push(`these are not kept: ${lost.join(' ')}`);
  }
  return problems.length === 0 ? undefined : problems.join('; ');
}

/** What git finds wrong with a repository; some troubles are that. */
async function damageIn(path: string): Promise<string[]> {
  const { stdout, stderr } = await host.run(['git', '-C', path, 'fsck', '--no-dangling', '--no-progress'], {
    reject: false,
  });
  return [stdout, stderr]
    .join('\n')
    .split('\n')
    .filter((line) => /error|missing|corrupt|broken|fatal/.test(line));
}

/** The commits of all refs and of HEAD, as far as git can tell. */
async function commitsIn(path: string): Promise<string[]> {
  return listed(path, '--all', 'HEAD');
}

async function listed(path: string, ...from: readonly string[]): Promise<string[]> {
  const { stdout } = await host.run(['git', '-C', path, 'rev-list', '--ignore-missing', ...from], {
    reject: false,
  });
  return stdout.split('\n').filter((line) => line !== '');
}
