import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import { asUser, localHost } from '@cutover/host';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';

import { targetPaths } from '../../src/target/paths.ts';
import { openSession, type TargetSession } from '../../src/target/session.ts';

const host = localHost();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nix-deploy-session-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await host[Symbol.asyncDispose]();
});

const open = async (state: string): Promise<TargetSession> =>
  await openSession(host, targetPaths('system', { state }), { sudo: false });

it('holds the lock as long as it lives, and names its holder to the next', async () => {
  const state = join(folder, 'state');
  {
    await using first = await open(state);
    expect(first.facts).toMatchObject({ hostName: hostname(), lockHolder: undefined });
    await first.lock('the first one');
    await using second = await open(state);
    expect(second.facts.lockHolder).toBe('the first one');
    await expect(second.lock('the second one')).rejects.toMatchObject({
      code: 'TARGET_LOCKED',
      message: expect.stringContaining('the first one'),
    });
  }
  await using third = await open(state);
  await third.lock('the third one');
});

it('keeps its locks from other users, who could hold them: to read one is enough for that', async () => {
  const state = join(folder, 'closed');
  await using session = await open(state);
  await session.lock('the one who deploys');
  expect((await stat(join(state, 'session.lock'))).mode & 0o777).toBe(0o600);
});

it.runIf(process.getuid?.() === 0)('takes no lock that it may not read for one that is held', async () => {
  const state = join(folder, 'unreadable');
  await mkdir(state);
  await writeFile(join(state, 'session.lock'), '', { mode: 0o600 });
  await chmod(folder, 0o755);
  await using games = asUser(host, 'games');
  const paths = targetPaths('system', { state });
  await using session = await openSession(games, paths, { sudo: false });
  expect(session.facts.lockHolder).toBeUndefined();
});

it('does not take one who only looks at the lock for one who holds it', async () => {
  const state = join(folder, 'looked-at');
  await mkdir(state);
  await writeFile(join(state, 'session.lock'), '');
  await using session = await open(state);
  const argv = ['flock', '--shared', join(state, 'session.lock'), '-c', 'echo has it; sleep 0.2'];
  await using looking = host.stream(argv);
  await once(looking.stdout, 'data');
  await expect(session.lock('the one who deploys')).resolves.toBeUndefined();
});

it('does not take a lock that cannot be made for one that somebody holds', async () => {
  await using session = await open('/proc/version/state');
  await expect(session.lock('nobody')).rejects.toMatchObject({
    code: 'PREFLIGHT_FAILED',
    message: expect.stringContaining('it does not answer'),
  });
});

it('says what nix complains of, where it does not run', async () => {
  await writeFile(join(folder, 'nix'), '#!/bin/sh\necho "error: syntax error in nix.conf" >&2\nexit 1\n', {
    mode: 0o755,
  });
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  await using session = await open(join(folder, 'state'));
  expect(session.facts).toMatchObject({
    nixVersion: undefined,
    nixProblem: 'error: syntax error in nix.conf',
  });
});

it('gives up on a target that says nothing for a minute', async () => {
  const booted = join(folder, 'booted');
  await mkdir(booted);
  // Whoever opens it waits for one who writes.
  await host.run(['mkfifo', join(booted, 'kernel')]);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const paths = targetPaths('system', { state: join(folder, 'silent'), booted });
  const opening = openSession(host, paths, { sudo: false });
  opening.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(59_000);
  await expect(Promise.race([opening, Promise.resolve('still asking')])).resolves.toBe('still asking');
  await vi.advanceTimersByTimeAsync(1000);
  await expect(opening).rejects.toMatchObject({
    code: 'PREFLIGHT_FAILED',
    message: expect.stringContaining('took longer than 60 s'),
  });
});
