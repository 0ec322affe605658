import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { processesWith, uniqueSleep, until } from '@cutover/host-contract/suite';
import { buildPrograms } from '@cutover/test-support/build-programs';
import { startSshd } from '@cutover/test-support/sshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { localHost } from '../src/index.ts';

const sshd = await startSshd();
afterAll(async () => await sshd[Symbol.asyncDispose]());

const outDir = fileURLToPath(new URL('../node_modules/.cache/programs', import.meta.url));
const program = (name: string): string => join(outDir, `${name}.mjs`);
const env = { ...process.env, SSH_OPTIONS: JSON.stringify(sshd.options) };

beforeAll(async () => {
  await buildPrograms(
    ['disposes', 'exits', 'exits-beside-root', 'waits', 'waits-locally', 'reuses-pid'].map((name) =>
      fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url)),
    ),
    outDir,
  );
});

describe('a program', () => {
  it('ends by itself once its hosts are disposed of', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program('disposes')], {
      env,
      timeout: 20_000,
    });
    expect(stdout).toBe('local ssh\n');
  });

  it('that exits takes its local commands with it', async () => {
    const seconds = uniqueSleep();
    const child = spawn(process.execPath, [program('exits')], {
      env: { ...env, SLEEP: seconds },
      stdio: 'inherit',
    });
    expect(await once(child, 'exit')).toEqual([3, null]);
    await using local = localHost();
    await until(async () => (await processesWith(local, seconds)).length === 0);
  });

  it.runIf(process.getuid?.() === 0)(
    'takes the others with it where one is another user’s, and exits as it was to',
    async () => {
      const seconds = uniqueSleep();
      const child = spawn(process.execPath, [program('exits-beside-root')], {
        env: { ...env, SLEEP: seconds },
        stdio: 'inherit',
      });
      expect(await once(child, 'exit')).toEqual([3, null]);
      await using local = localHost();
      await until(async () => (await processesWith(local, seconds)).length === 0);
    },
  );

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'that gets %s takes its local commands with it',
    async (signal) => {
      const seconds = uniqueSleep();
      const child = spawn(process.execPath, [program('waits-locally')], {
        env: { ...env, SLEEP: seconds },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([null, signal]);
      await using local = localHost();
      await until(async () => (await processesWith(local, seconds)).length === 0);
    },
  );

  it.runIf(process.getuid?.() === 0)(
    'never signals a process that has the pid of a command now',
    async () => {
      const ownPids = ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath];
      const { stdout } = await promisify(execFile)('unshare', [...ownPids, program('reuses-pid')], { env });
      expect(stdout).toBe('alive\n');
    },
  );

  it('that is killed takes its remote commands with it', async () => {
    const seconds = uniqueSleep();
    const child = spawn(process.execPath, [program('waits')], {
      env: { ...env, SLEEP: seconds },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await using local = localHost();
    expect((await processesWith(local, seconds)).length).toBeGreaterThan(1);
    child.kill('SIGKILL');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    await until(async () => (await processesWith(local, seconds)).length === 0);
  });
});
