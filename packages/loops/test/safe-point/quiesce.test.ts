import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { inspectClone } from '../../src/safe-point/inspect-clone.ts';
import { findRigProcesses } from '../../src/safe-point/processes.ts';
import type { QuiesceOptions } from '../../src/safe-point/quiesce-report.ts';
import { quiesce } from '../../src/safe-point/quiesce.ts';
import { quiesceRig } from '../../src/rig/quiesce-rig.ts';
import { serveControl } from '../../src/control/control-server.ts';
import { controlSocket } from '../../src/config/rig-places.ts';
import { answerRequest } from '../../src/supervisor/answer-request.ts';
import { type GitFixture, makeGitFixture } from '../git-fixture.ts';
import { makeRig, until, untilRunning } from '../rig.ts';
import { soak } from '../soak.ts';

const host = localHost();

/** An agent that half of the time has something that is not pushed, and never stops by itself while its files are there. */
const worker = `
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
trap '' HUP
n=0
while [ -e "$0" ]; do
  n=$((n + 1))
  echo "half" > "work-$$"
  sleep 0.05
  echo "whole $n" > "work-$$"
  git add . && git commit -q -m "$n" && git push -q
  sleep 0.4
done
`;

/** A rig that loops did not start: workers in sessions of a tmux server of its own. */
async function startForeignRig(fixture: GitFixture, clones: number) {
  await writeFile(join(fixture.directory, 'worker.sh'), worker);
  const socket = join(fixture.directory, 'tmux.sock');
  const paths: string[] = [];
  for (let index = 0; index < clones; index += 1) {
    const path = await fixture.clone(`clone-${index}`);
    await fixture.git(path, 'switch', '-q', '-c', `branch-${index}`);
    await fixture.git(path, 'push', '-q', '-u', 'origin', `branch-${index}`);
    await host.run([
      'tmux',
      '-f',
      '/dev/null',
      '-S',
      socket,
      'new-session',
      '-d',
      '-s',
      `worker-${index}`,
      '-c',
      path,
      'sh',
      join(fixture.directory, 'worker.sh'),
    ]);
    paths.push(path);
  }
  const options: QuiesceOptions = {
    clones: paths,
    processes: { tmux: [{ socket }], commandLines: [join(fixture.directory, 'worker.sh')] },
    deadline: soak(20_000, 100_000),
  };
  return { socket, options };
}

/** Takes the lock of a clone's index when no git of its worker holds it. */
async function lockIndex(path: string): Promise<void> {
  const lock = join(path, '.git', 'index.lock');
  await until(
    () =>
      writeFile(lock, '', { flag: 'wx' }).then(
        () => true,
        () => false,
      ),
    (taken) => taken,
  );
}

describe('a quiesce of a rig that loops did not start', () => {
  it(`ends between two pieces of work, never within one (${soak(50, 2)} times)`, async () => {
    for (let round = 0; round < soak(50, 2); round += 1) {
      await using fixture = await makeGitFixture();
      const { socket, options } = await startForeignRig(fixture, 2);
      await delay(round * 37);
      const report = await quiesce(host, {
        ...options,
        stop: ['tmux', '-S', socket, 'kill-server'],
      });
      expect(report).toMatchObject({
        safe: true,
        deadlineHit: false,
        stopped: { stopped: true, remaining: [] },
      });
      expect(report.clones.flatMap(({ reasons }) => reasons)).toEqual([]);
      expect((await findRigProcesses(host, options.processes)).processes).toEqual([]);
    }
  }, 300_000);

  it('waits for turns that end, but not for ever', async () => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const rest = { clones: [path], processes: {}, freeze: false } as const;
    let looks = 0;
    const turns = async (): Promise<string[]> => ((looks += 1) < 4 ? ['one'] : []);
    const waited: (readonly string[])[] = [];
    const report = await quiesce(host, {
      ...rest,
      deadline: 60_000,
      turns,
      onEvent: (event) => event.type === 'waiting' && waited.push(event.turns),
    });
    expect(report).toMatchObject({ safe: true, deadlineHit: false });
    expect(waited).toEqual([['one'], ['one'], ['one']]);
    const endless = await quiesce(host, { ...rest, deadline: 16_000, turns: async () => ['one'] });
    expect(endless).toMatchObject({ safe: true, deadlineHit: false });
  });

  it('keeps its deadline, says what is not safe, and keeps it under a ref', async () => {
    await using fixture = await makeGitFixture();
    const { options } = await startForeignRig(fixture, 1);
    const [path = ''] = options.clones;
    await writeFile(join(path, 'precious'), 'only here');
    await lockIndex(path);
    const started = performance.now();
    const deadline = soak(5000, 12_000);
    const report = await quiesce(host, { ...options, deadline });
    expect(report.waitedMs).toBeGreaterThanOrEqual(deadline / 2 - 500);
    expect(performance.now() - started).toBeLessThan(soak(6000, 30_000));
    expect(report).toMatchObject({ safe: false, deadlineHit: true, stopped: { stopped: true } });
    expect(report.clones[0]?.reasons.map(({ code }) => code)).toContain('locked');
    const { ref = '' } = report.clones[0]?.salvage ?? {};
    expect(await fixture.git(path, 'show', `${ref}:precious`)).toBe('only here');
  });

  it('says nothing against a clone for what was kept of it, nor a later one, which pushes what was not pushed', async () => {
    await using fixture = await makeGitFixture();
    const [dirty, clean] = [await fixture.clone('dirty'), await fixture.clone('clean')];
    await writeFile(join(dirty, 'precious'), 'only here');
    const options: QuiesceOptions = {
      clones: [dirty, clean],
      processes: { commandLines: [join(fixture.directory, 'nothing')] },
      deadline: soak(3000, 10_000),
      salvage: { push: false },
    };
    const first = await quiesce(host, options);
    expect(first).toMatchObject({
      safe: false,
      clones: [{ reasons: [{ code: 'untracked' }] }, { safe: true, reasons: [] }],
    });
    expect(first.clones[1]?.salvage).toBeUndefined();
    await rm(join(dirty, 'precious'));
    const ref = first.clones[0]?.salvage?.ref ?? '';
    expect((await inspectClone(host, dirty)).reasons).toMatchObject([
      { code: 'unpushed', detail: expect.stringContaining(`${ref} is on no remote`) },
    ]);
    const second = await quiesce(host, { ...options, salvage: {} });
    expect(second).toMatchObject({ safe: true, clones: [{ reasons: [] }, { reasons: [] }] });
    expect(await fixture.git(fixture.remote, 'show', `${ref}:precious`)).toBe('only here');
  });

  it.each([
    ['a remote that never answers', true],
    ['a status that never ends', false],
  ])('keeps its deadline in spite of %s', async (_, remote) => {
    await using fixture = await makeGitFixture();
    const { options } = await startForeignRig(fixture, 1);
    const [path = ''] = options.clones;
    const hang = join(fixture.directory, 'hang');
    await writeFile(hang, '#!/bin/sh\nexec sleep 12\n', { mode: 0o755 });
    if (remote) await fixture.git(path, 'config', 'remote.origin.uploadpack', hang);
    else {
      await fixture.git(path, 'config', 'filter.slow.clean', hang);
      await writeFile(join(path, '.git', 'info', 'attributes'), '* filter=slow\n');
      await writeFile(join(path, 'first'), 'again');
    }
    const report = await quiesce(host, { ...options, deadline: 1000, salvage: false, atDeadline: 'leave' });
    expect(report).toMatchObject({ safe: false, deadlineHit: true });
    // Within a second of the deadline, unless the machine has other things to do; a hang takes 12.
    expect(report.waitedMs).toBeLessThan(soak(2000, 10_000));
    await quiesce(host, { ...options, clones: [], deadline: 0 });
  });

  it('has kept what is not safe within its deadline, however long a remote takes', async () => {
    await using fixture = await makeGitFixture();
    const { options } = await startForeignRig(fixture, 1);
    const [path = ''] = options.clones;
    const hang = join(fixture.directory, 'hang');
    await writeFile(hang, '#!/bin/sh\nexec sleep 100\n', { mode: 0o755 });
    await fixture.git(path, 'config', 'remote.origin.uploadpack', hang);
    await fixture.git(path, 'config', 'remote.origin.receivepack', hang);
    await writeFile(join(path, 'precious'), 'only here');
    await lockIndex(path);
    const started = performance.now();
    const report = await quiesce(host, { ...options, deadline: soak(3000, 10_000) });
    expect(performance.now() - started).toBeLessThan(soak(4000, 20_000));
    expect(report).toMatchObject({ safe: false, deadlineHit: true, stopped: { stopped: true } });
    const [clone] = report.clones;
    expect(clone?.salvage?.pushProblem).toBeDefined();
    expect(await fixture.git(path, 'show', `${clone?.salvage?.ref}:precious`)).toBe('only here');
  });

  it('leaves it running at the deadline when told to, and not frozen', async () => {
    await using fixture = await makeGitFixture();
    const { socket, options } = await startForeignRig(fixture, 1);
    const [path = ''] = options.clones;
    await fixture.git(path, 'stash', 'list');
    await lockIndex(path);
    const report = await quiesce(host, { ...options, deadline: 500, atDeadline: 'leave' });
    expect(report).toMatchObject({ safe: false, deadlineHit: true, stopped: { stopped: false } });
    expect(report.stopped.remaining.map(({ kind }) => kind)).toContain('tmux');
    const { stdout } = await host.run(['ps', '-eo', 'stat=,args=']);
    const states = stdout.split('\n').filter((line) => line.includes(join(fixture.directory, 'worker.sh')));
    expect(states.length).toBeGreaterThan(0);
    expect(states.filter((line) => line.startsWith('T'))).toEqual([]);
    await host.run(['tmux', '-S', socket, 'kill-server']);
    await quiesce(host, { ...options, deadline: 0, salvage: false });
  });
});

describe('a quiesce of a rig that a supervisor has charge of', () => {
  it('stops its loops at a safe point, and none comes back until it is released', async () => {
    await using fixture = await makeGitFixture();
    const clone = await fixture.clone('clone');
    await writeFile(join(fixture.directory, 'worker.sh'), worker);
    await using rig = await makeRig({
      loops: {
        one: { command: ['sh', join(fixture.directory, 'worker.sh')], clone },
        two: { command: ['sleep', '1000'] },
      },
    });
    const supervisor = await rig.supervise();
    await using _server = await serveControl(controlSocket(rig.config), (request, signal) =>
      answerRequest(supervisor, request, signal),
    );
    await untilRunning(supervisor);
    await delay(300);
    const { signal } = new AbortController();
    const report = await quiesceRig(rig.config, { deadline: soak(20_000, 60_000), keep: false, signal });
    expect(report).toMatchObject({
      safe: true,
      deadlineHit: false,
      stopped: { stopped: true },
      unchecked: ['two'],
    });
    await supervisor.reconcile();
    await delay(300);
    expect(supervisor.status()).toMatchObject({
      hold: 'quiesced',
      loops: [
        { state: 'held', restarts: 0 },
        { state: 'held', restarts: 0 },
      ],
    });
    await supervisor.release();
    await untilRunning(supervisor);
    await until(
      () => supervisor.status(),
      ({ hold, loops }) => hold === undefined && loops.every(({ state }) => state === 'running'),
    );
  }, 120_000);
});
