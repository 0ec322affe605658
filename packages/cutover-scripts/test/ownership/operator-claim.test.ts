import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localHost } from '@cutover/host';
import type { JournalPlace, JournalWitness } from '@cutover/runbook';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimOperator, takeOverOperator } from '../../src/ownership/operator-claim.ts';
import { withEnvironment } from '../../src/world/with-environment.ts';
import type { World } from '../../src/world/world.ts';

const { signal } = new AbortController();
const run = promisify(execFile);
const host = localHost();
let root: string;
let world: World;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'operator-claim-'));
  const remote = join(root, 'forge.git');
  await run('git', ['init', '--quiet', '--bare', remote]);
  // What a claim uses of the world: where the forge is, and git.
  const used = {
    settings: { ownership: { repository: 'any', ref: 'refs/cutover/owner' } },
    forge: { url: () => remote },
    gitHere: host,
    workDirectory: join(root, 'work'),
  };
  world = used as unknown as World;
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

/** A state directory with a journal of so many lines; line n has the hash `NAME-n`. */
async function stateDirectory(name: string): Promise<string> {
  const path = join(root, name);
  await mkdir(path);
  await writeFile(join(path, 'journal.jsonl'), '');
  return path;
}

function witnessOf(path: string, runId: string, hashes: readonly string[]): JournalWitness {
  const places: JournalPlace[] = ['', ...hashes].map((hash, seq) => ({ seq, hash }));
  return {
    runId,
    file: join(path, 'journal.jsonl'),
    begun: hashes.length > 0,
    end: places.at(-1) ?? { seq: 0, hash: '' },
    contains: async ({ seq, hash }) => places[seq]?.hash === hash,
  };
}

const refused = { code: 'CLAIMED' };

test('a second operator is refused while the first is at work, and after, until a person takes over', async () => {
  const [first, second] = [await stateDirectory('first'), await stateDirectory('second')];
  const claim = await claimOperator(world, witnessOf(first, 'run-1', []), signal);
  const other = witnessOf(second, 'run-2', []);
  await expect(claimOperator(world, other, signal)).rejects.toMatchObject({
    ...refused,
    message: expect.stringMatching(/moves these loops since .*take over run-1/),
  });
  await claim.release({ begun: true, end: { seq: 1, hash: 'a' } });
  await expect(claimOperator(world, other, signal)).rejects.toMatchObject(refused);
  await expect(takeOverOperator(world, 'yes', signal)).rejects.toMatchObject({ code: 'USAGE' });
  await takeOverOperator(world, 'take over run-1', signal);
  await claimOperator(world, other, signal);
  // The first finds out before it touches anything.
  await expect(claimOperator(world, witnessOf(first, 'run-1', ['a']), signal)).rejects.toMatchObject(refused);
});

test('a forge that gives no answer at the end of a run changes nothing about how it ended', async () => {
  const path = await stateDirectory('state');
  const claim = await claimOperator(world, witnessOf(path, 'run-1', []), signal, 500);
  const bin = join(root, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'git'), '#!/bin/sh\nexec sleep 30\n', { mode: 0o755 });
  const silent = withEnvironment(host, { PATH: `${bin}:${process.env['PATH']}` });
  Object.assign(world, { gitHere: silent });
  await expect(claim.release({ begun: true, end: { seq: 1, hash: 'a' } })).resolves.toBeUndefined();
  Object.assign(world, { gitHere: host });
  // It stays with this state directory, which finds itself again.
  await claimOperator(world, witnessOf(path, 'run-1', ['a']), signal);
});

test('of two that begin at once one is refused', async () => {
  const directories = await Promise.all(['a', 'b', 'c'].map((name) => stateDirectory(name)));
  const claims = await Promise.allSettled(
    directories.map((path, index) => {
      const apart = { ...world, workDirectory: join(root, `work-${index}`) };
      return claimOperator(apart, witnessOf(path, `run-${index}`, []), signal);
    }),
  );
  expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a runner that was killed finds itself again, on whatever machine, and a copy of its directory does not', async () => {
  const path = await stateDirectory('state');
  await claimOperator(world, witnessOf(path, 'run-1', []), signal);
  await appendFile(join(path, 'journal.jsonl'), 'a line\n');
  await cp(path, join(root, 'copy'), { recursive: true });
  await expect(
    claimOperator(world, witnessOf(join(root, 'copy'), 'run-1', ['a']), signal),
  ).rejects.toMatchObject(refused);
  await claimOperator(world, witnessOf(path, 'run-1', ['a']), signal);
});

test('a journal that is older than what was done since is found out, wherever it lies', async () => {
  const path = await stateDirectory('state');
  const claim = await claimOperator(world, witnessOf(path, 'run-1', []), signal);
  await claim.release({ begun: true, end: { seq: 2, hash: 'b' } });
  await expect(claimOperator(world, witnessOf(path, 'run-1', ['a']), signal)).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('older copy'),
  });
  await expect(claimOperator(world, witnessOf(path, 'run-1', ['a', 'x']), signal)).rejects.toMatchObject(
    refused,
  );
  await claimOperator(world, witnessOf(path, 'run-1', ['a', 'b', 'c']), signal);
});

test('a run that began nothing is in no one’s way', async () => {
  const claim = await claimOperator(world, witnessOf(await stateDirectory('first'), 'run-1', []), signal);
  await claim.release({ begun: false, end: { seq: 3, hash: 'c' } });
  const second = witnessOf(await stateDirectory('second'), 'run-2', []);
  await expect(claimOperator(world, second, signal)).resolves.toBeDefined();
});

test('a forge that does not answer at the end leaves the claim with its state directory', async () => {
  const path = await stateDirectory('state');
  const claim = await claimOperator(world, witnessOf(path, 'run-1', []), signal);
  await run('mv', [join(root, 'forge.git'), join(root, 'away.git')]);
  await expect(claimOperator(world, witnessOf(path, 'run-1', []), signal)).rejects.toMatchObject({
    code: 'OWNERSHIP_UNKNOWN',
  });
  await claim.release({ begun: true, end: { seq: 1, hash: 'a' } });
  await run('mv', [join(root, 'away.git'), join(root, 'forge.git')]);
  await claimOperator(world, witnessOf(path, 'run-1', ['a']), signal);
});

test('a claim is confirmed while it is ours, and not once another has taken over', async () => {
  const [first, second] = [await stateDirectory('first'), await stateDirectory('second')];
  const claim = await claimOperator(world, witnessOf(first, 'run-1', []), signal);
  await claim.confirm?.(signal);
  await takeOverOperator(world, 'take over run-1', signal);
  await expect(claim.confirm?.(signal)).rejects.toMatchObject(refused);
  await claimOperator(world, witnessOf(second, 'run-2', []), signal);
  await expect(claim.confirm?.(signal)).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('another has taken over'),
  });
  await run('git', ['-C', join(root, 'forge.git'), 'update-ref', '-d', 'refs/cutover/operator']);
  await expect(claim.confirm?.(signal)).rejects.toMatchObject({ code: 'OWNERSHIP_UNKNOWN' });
});
