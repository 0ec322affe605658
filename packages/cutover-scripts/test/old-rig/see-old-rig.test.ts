import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { proveOldStopped, seeOldRig } from '../../src/old-rig/see-old-rig.ts';
import type { World } from '../../src/world/world.ts';

const { signal } = new AbortController();
const host = localHost();
let workspace: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'see-old-rig-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  }
  await rm(workspace, { recursive: true });
});

/** A world whose old rig is known by these texts on this machine. */
function worldOf(processes: readonly string[], units: readonly string[] = []): World {
  const old = { user: userInfo().username, workspace, clones: ['clone'], processes, tmuxSessions: [], units };
  return { settings: { old }, old: host } as unknown as World;
}

function run(script: string, cwd = '/'): ChildProcess {
  const child = spawn('sh', ['-c', script, 'a-loop-of-the-test'], { stdio: 'ignore', cwd });
  children.push(child);
  return child;
}

test('a pattern that matches nothing is named, and proves nothing', async () => {
  run('sleep 1000; :');
  await delay(100);
  const seen = await seeOldRig(worldOf(['a-loop-of-the-test', 'a-loop-of-the-tset']), signal);
  expect(seen).toMatchObject({ down: false, unmatched: ['processes: a-loop-of-the-tset'] });
});

test('a rig of which nothing runs is down, which is for a person to confirm', async () => {
  expect(await seeOldRig(worldOf(['no-such-loop-anywhere']), signal)).toMatchObject({
    down: true,
    processes: [],
  });
});

test('stopped is proven by what was seen: a process that no longer looks like a loop is found by its number', async () => {
  await host.run(['mkfifo', join(workspace, 'go')]);
  const child = run('read -r _ <go; exec sleep 1000', workspace);
  await delay(100);
  const world = worldOf(['a-loop-of-the-test']);
  const { processes } = await seeOldRig(world, signal);
  expect(processes).toMatchObject([{ pid: child.pid }]);
  run(`: >${workspace}/go`);
  await expect
    .poll(async () => (await proveOldStopped(worldOf(['no-such-loop']), [], signal)).stopped)
    .toBe(true);
  await delay(300);
  const proof = await proveOldStopped(world, processes, signal);
  expect(proof).toMatchObject({ stopped: false, remaining: [expect.stringContaining(String(child.pid))] });
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(await proveOldStopped(world, processes, signal)).toMatchObject({ stopped: true, remaining: [] });
});

test('whatever works in a clone of the rig is part of it', async () => {
  await host.run(['mkdir', join(workspace, 'clone')]);
  run('exec sleep 1000', join(workspace, 'clone'));
  await delay(100);
  const proof = await proveOldStopped(worldOf(['no-such-loop']), [], signal, 500);
  expect(proof).toMatchObject({ stopped: false, remaining: [expect.stringContaining('sleep 1000')] });
});

test('what looks into a clone for a moment is waited for, whatever it is; a loop of the rig is not', async () => {
  await host.run(['mkdir', join(workspace, 'clone')]);
  const passing = run(
    `# shellcheck shell=sh
    sleep 2; :`,
    join(workspace, 'clone'),
  );
  await delay(100);
  expect(passing.exitCode).toBeNull();
  expect(await proveOldStopped(worldOf(['no-such-loop']), [], signal)).toMatchObject({
    stopped: true,
    remaining: [],
  });
  run('sleep 5; :', join(workspace, 'clone'));
  await delay(100);
  expect(await proveOldStopped(worldOf(['a-loop-of-the-test']), [], signal)).toMatchObject({
    stopped: false,
  });
});
