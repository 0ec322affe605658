import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { grantOwnership, type HeldOwnership, readOwnership, releaseOwnership } from '../../src/index.ts';
import type { LeaseEnforcer } from '../../src/ownership/enforce/lease-enforcer.ts';
import { LeaseClock, machineClocks } from '../../src/ownership/lease-clock.ts';
import { LeaseUnenforcedError } from '../../src/ownership/ownership-errors.ts';
import { type Hold, OwnershipWatch } from '../../src/ownership/ownership-watch.ts';
import { isAlive } from '../../src/processes/reap-runs.ts';
import { type GitFixture, makeGitFixture } from '../git-fixture.ts';
import { makeRig, pidOf, type TestRig, until, untilRunning } from '../rig.ts';

const host = localHost();
const run = 'a-run';
const sleeper = { command: ['sleep', '100000'] };

function placeOf(fixture: GitFixture) {
  return { repository: join(fixture.directory, 'scratch'), remote: fixture.remote, run };
}

/** Grants the loops to a host, from whatever is there. */
async function grant(fixture: GitFixture, to: string, lease?: number): Promise<HeldOwnership> {
  const place = placeOf(fixture);
  const before = await readOwnership(host, place);
  const expected =
    before?.state === 'held' ? await releaseOwnership(host, { ...place, expected: before }) : before;
  return grantOwnership(host, { ...place, expected, to, lease });
}

async function rigOf(
  fixture: GitFixture,
  loops: Record<string, unknown> = { one: sleeper },
): Promise<TestRig> {
  return makeRig({ loops, ownership: { remote: fixture.remote, owner: 'vm', checkEvery: '100ms' } });
}

/** A watch of a rig without its supervisor, on clocks that can be moved. */
async function watchOf(rig: TestRig, enforcer?: LeaseEnforcer) {
  const skew = { monotonic: 0, uptime: 0, wall: 0 };
  const clock = new LeaseClock({
    monotonic: () => machineClocks.monotonic() + skew.monotonic,
    uptime: () => machineClocks.uptime() + skew.uptime,
    wall: () => machineClocks.wall() + skew.wall,
  });
  const ended = new AbortController();
  const holds: (Hold | undefined)[] = [];
  const armed: number[] = [];
  const watch = new OwnershipWatch({
    config: rig.config,
    signal: ended.signal,
    onView: (_before, after) => void holds.push(after),
    clock,
    enforcer: enforcer ?? { kind: 'systemd', arm: async ({ killAt }) => void armed.push(killAt) },
  });
  return { watch, skew, armed, holds, end: () => ended.abort() };
}

/** Puts a script before a program of this machine, until it is disposed. */
async function inPath(directory: string, program: string, script: string): Promise<Disposable> {
  const { PATH: path = '' } = process.env;
  const real = spawnSync('which', [program]).stdout.toString().trim();
  const bin = join(directory, `bin-${program}`);
  await mkdir(bin);
  await writeFile(join(bin, program), `#!/bin/sh\n${script}\nexec ${real} "$@"\n`, { mode: 0o755 });
  process.env['PATH'] = `${bin}:${path}`;
  return {
    [Symbol.dispose]() {
      process.env['PATH'] = path;
    },
  };
}

describe('what a supervisor does with the ownership', () => {
  it('asks again and again where a grant is expected, until it sees it, and then no more than ever', async () => {
    await using fixture = await makeGitFixture();
    await using rig = await makeRig({
      loops: { one: sleeper },
      ownership: { remote: fixture.remote, owner: 'vm', checkEvery: '1h' },
    });
    const { watch, holds, end } = await watchOf(rig);
    const running = watch.run();
    try {
      await until(
        () => holds.length,
        (questions) => questions > 0,
      );
      watch.expectGrant(60_000);
      // Without it the sixth question comes after half a minute.
      await until(
        () => holds.length,
        (questions) => questions > 8,
      );
      await grant(fixture, 'vm');
      await until(
        () => watch.hold,
        (hold) => hold === undefined,
      );
      const asked = holds.length;
      await delay(1000);
      expect(holds).toHaveLength(asked);
    } finally {
      end();
      await running;
    }
  });

  it('starts nothing before the loops are its own, and stops them when another host has them', async () => {
    await using fixture = await makeGitFixture();
    await using rig = await rigOf(fixture);
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ hold, loops: [loop] }) => hold === 'not-owner' && loop?.state === 'held',
    );
    await grant(fixture, 'vm');
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'running',
    );
    const pid = pidOf(supervisor.status(), 'one');
    expect(supervisor.status().ownership).toMatchObject({
      owner: 'vm',
      epoch: 1,
      lease: { enforcedBy: 'watchdog' },
    });
    await grant(fixture, 'pi');
    await until(
      () => isAlive(pid),
      (alive) => !alive,
    );
    const held = await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'held',
    );
    expect(held).toMatchObject({ hold: 'not-owner', loops: [{ restarts: 0 }] });
  });

  it('lets the last turn go on when they were released, and starts nothing more', async () => {
    await using fixture = await makeGitFixture();
    const held = await grant(fixture, 'vm');
    await using rig = await rigOf(fixture, { one: sleeper, two: { ...sleeper, autostart: false } });
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    await releaseOwnership(host, { ...placeOf(fixture), expected: held });
    await until(
      () => supervisor.status(),
      ({ hold }) => hold === 'ownership-released',
    );
    await supervisor.want(['two']);
    expect(supervisor.status().loops.map(({ state }) => state)).toEqual(['running', 'held']);
  });

  it('holds what would start while the remote is away, and ends what runs when the lease does', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm', 8000);
    await using rig = await rigOf(fixture, { one: sleeper, two: { ...sleeper, autostart: false } });
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    const pid = pidOf(supervisor.status(), 'one');
    const away = performance.now();
    await rename(fixture.remote, `${fixture.remote}.away`);
    await until(
      () => supervisor.status(),
      ({ hold }) => hold === 'ownership-unknown',
    );
    await supervisor.want(['two']);
    expect(supervisor.status().loops.map(({ state }) => state)).toEqual(['running', 'held']);
    await until(
      () => isAlive(pid),
      (alive) => !alive,
    );
    expect(performance.now() - away).toBeLessThan(8000);
    await rename(`${fixture.remote}.away`, fixture.remote);
    await untilRunning(supervisor);
  });

  it('confirms a lease that is shorter than the round often enough: nothing is stopped in between', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm', 6000);
    await using rig = await makeRig({
      loops: { one: sleeper },
      ownership: { remote: fixture.remote, owner: 'vm', checkEvery: '1h' },
    });
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    const pid = pidOf(supervisor.status(), 'one');
    await delay(7000);
    expect(pidOf(supervisor.status(), 'one')).toBe(pid);
  });

  it('holds when the ref is deleted, and what runs goes on', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm');
    await using rig = await rigOf(fixture);
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    await fixture.git(fixture.remote, 'update-ref', '-d', 'refs/cutover/owner');
    await until(
      () => supervisor.status(),
      ({ hold }) => hold === 'ownership-regressed',
    );
    expect(supervisor.status().loops[0]).toMatchObject({ state: 'running' });
  });
});

describe('the end of a lease', () => {
  it('comes from outside when the supervisor is stopped, hangs or is gone', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm', 6000);
    await using rig = await rigOf(fixture, {
      one: sleeper,
      two: { command: ['sh', '-c', 'trap "" HUP TERM; setsid sleep 100000 & sleep 100000'] },
    });
    const { config } = rig;
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    const marked = (): string[] =>
      spawnSync('sh', [
        '-c',
        `grep -lzxF "LOOPS_LEASE_FILE=${config.stateDir}/lease" /proc/[0-9]*/environ 2>/dev/null`,
      ])
        .stdout.toString()
        .split('\n')
        .filter((line) => line !== '');
    await until(marked, (processes) => processes.length >= 3);
    // The process ends as by SIGKILL: nothing of it confirms, and nothing stops the loops.
    await supervisor[Symbol.asyncDispose]();
    const gone = performance.now();
    expect(marked().length).toBeGreaterThanOrEqual(3);
    await until(marked, (processes) => processes.length === 0);
    expect(performance.now() - gone).toBeLessThan(6000);
  });

  it('is told by the clock that counts suspend, at most a second late', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm');
    await using rig = await rigOf(fixture);
    const { watch, skew, holds, end } = await watchOf(rig);
    const running = watch.run();
    await until(
      () => watch.hold,
      (hold) => hold === undefined,
    );
    await rename(fixture.remote, `${fixture.remote}.away`);
    await until(
      () => watch.hold,
      (hold) => hold?.reason === 'ownership-unknown',
    );
    expect(watch.mustStop).toBe(false);
    skew.uptime += 600_000;
    skew.wall += 600_000;
    expect(watch.mustStop).toBe(true);
    await until(
      () => holds.length,
      (count) => count > 1,
    );
    end();
    await running;
  });

  it('comes when the wall clock jumps and the remote does not confirm it at once', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm');
    await using rig = await rigOf(fixture);
    const { watch, skew, end } = await watchOf(rig);
    const running = watch.run();
    await until(
      () => watch.hold,
      (hold) => hold === undefined,
    );
    skew.wall += 3_600_000;
    await until(
      () => watch.lease?.remainingMs ?? 0,
      (remaining) => remaining > 500_000,
    );
    expect(watch.mustStop).toBe(false);
    await rename(fixture.remote, `${fixture.remote}.away`);
    skew.wall += 3_600_000;
    await until(
      () => watch.mustStop,
      (must) => must,
    );
    end();
    await running;
  });

  it('comes after such a jump also where the answer to a question from before it arrives', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm');
    await using rig = await rigOf(fixture);
    const { watch, skew, end } = await watchOf(rig);
    await watch.ask();
    const [held, away] = [join(fixture.directory, 'held'), join(fixture.directory, 'away')];
    // A question that waits goes on to its answer; those after it get none.
    using slow = await inPath(
      fixture.directory,
      'git',
      `if [ -e '${held}' ]; then touch '${held}.asked'; while [ -e '${held}' ]; do sleep 0.02; done
elif [ -e '${away}' ]; then exit 128; fi`,
    );
    void slow;
    await writeFile(held, '');
    const running = watch.run();
    await until(
      () => existsSync(`${held}.asked`),
      (asked) => asked,
    );
    skew.wall += 3_600_000;
    // The clocks are looked at each second.
    await delay(1200);
    await writeFile(away, '');
    await rm(held);
    await until(
      () => watch.mustStop,
      (must) => must,
    );
    expect(watch.hold).toMatchObject({ reason: 'ownership-unknown' });
    end();
    await running;
  });

  it('is recorded for other programs as it was counted, however long the machine takes to name its boot', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm', 600_000);
    await using rig = await rigOf(fixture);
    const { watch, armed } = await watchOf(rig);
    using slow = await inPath(fixture.directory, 'cat', 'sleep 2');
    void slow;
    const asked = machineClocks.uptime() / 1000;
    await watch.ask();
    expect(armed[0]).toBeLessThanOrEqual(asked + 595);
  });

  it('is counted from the moment the question was sent', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm', 600_000);
    await using rig = await rigOf(fixture);
    const { watch } = await watchOf(rig, { kind: 'systemd', arm: async () => delay(1000) });
    await watch.ask();
    // Of ten minutes, twenty seconds are for the stop, and the second that the answer took is over.
    expect(watch.lease?.remainingMs).toBeLessThan(579_000);
  });

  it('is not counted at all where it cannot be enforced: a hold, and the lease before it goes on', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm');
    await using rig = await rigOf(fixture);
    let works = true;
    const { watch } = await watchOf(rig, {
      kind: 'systemd',
      arm: async () => {
        if (!works) throw new LeaseUnenforcedError('no timer');
      },
    });
    await watch.ask();
    expect(watch.hold).toBeUndefined();
    const before = watch.lease?.remainingMs ?? 0;
    works = false;
    await watch.ask();
    expect(watch.hold).toMatchObject({ reason: 'lease-unenforced' });
    expect(watch.lease?.remainingMs).toBeLessThan(before);
    expect(watch.mustStop).toBe(false);
  });

  it('is taken over from the supervisor before it, and is over after a boot', async () => {
    await using fixture = await makeGitFixture();
    await grant(fixture, 'vm');
    await using rig = await rigOf(fixture);
    await (await watchOf(rig)).watch.ask();
    await rename(fixture.remote, `${fixture.remote}.away`);
    const next = await watchOf(rig);
    const running = next.watch.run();
    await until(
      () => next.holds.length,
      (count) => count > 0,
    );
    expect(next.watch.mustStop).toBe(false);
    next.end();
    await running;
    const file = join(rig.config.stateDir, 'lease');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/\S+\n$/, 'another-boot\n'));
    const booted = await watchOf(rig);
    const after = booted.watch.run();
    await until(
      () => booted.holds.length,
      (count) => count > 0,
    );
    expect(booted.watch.mustStop).toBe(true);
    booted.end();
    await after;
  });
});

describe('the pre-push hook of a clone', () => {
  it('refuses pushes while this host does not own the rig, and runs the hook that was there', async () => {
    await using fixture = await makeGitFixture();
    const held = await grant(fixture, 'vm');
    const clone = await fixture.clone('clone');
    const ran = join(fixture.directory, 'ran');
    await writeFile(join(clone, '.git/hooks/pre-push'), `#!/bin/sh\necho "$1" >>'${ran}'\n`, { mode: 0o755 });
    await using rig = await rigOf(fixture, { one: { ...sleeper, clone } });
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    await fixture.commit(clone, 'work');
    await fixture.git(clone, 'push', '-q', 'origin', 'HEAD:main');
    expect(await readFile(ran, 'utf8')).toBe('origin\n');
    const released = await releaseOwnership(host, { ...placeOf(fixture), expected: held });
    await until(
      () => supervisor.status(),
      ({ hold }) => hold === 'ownership-released',
    );
    // Its last turn may be pushed.
    await fixture.commit(clone, 'last');
    await fixture.git(clone, 'push', '-q', 'origin', 'HEAD:main');
    await grantOwnership(host, { ...placeOf(fixture), expected: released, to: 'pi' });
    await until(
      () => supervisor.status(),
      ({ hold }) => hold === 'not-owner',
    );
    // What works in the clone without a terminal while its loop is stopped is ended with it, this test's own git too.
    await until(
      () => rig.events.some(({ type }) => type === 'stopped'),
      (stopped) => stopped,
    );
    await fixture.commit(clone, 'late');
    await expect(fixture.git(clone, 'push', '-q', 'origin', 'HEAD:main')).rejects.toThrow(
      /another host has the loops/,
    );
    await rm(join(rig.config.stateDir, 'lease'));
    await expect(fixture.git(clone, 'push', '-q', 'origin', 'HEAD:main')).rejects.toThrow(/no lease/);
  });
});
