import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { rejection } from '@cutover/host-contract/suite';
import { startSshd } from '@cutover/test-support/sshd';
import { describe, expect, it } from 'vitest';
import { $ } from 'zx/core';

import { sshHost } from '../../src/index.ts';
import { on } from '../../src/zx.ts';
import { startRelay } from '../ssh/relay.ts';

const root = process.getuid?.() === 0;

describe('a command elsewhere whose pid exists here', () => {
  it.runIf(root).each(['kill', 'timeout', 'abort', 'detached'] as const)(
    'is ended alone: %s',
    async (how) => {
      await using sshd = await startSshd({
        within: ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'],
      });
      await using host = sshHost(sshd.options);
      const pi = on(host)({ quiet: true });
      const bystander = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
      const pid = bystander.pid ?? 0;
      try {
        // Its pid namespace numbers the next process as we say, and a login takes some numbers of its own, not always as many.
        for (let attempt = 0; ; attempt += 1) {
          await pi`echo ${pid - 1 - (attempt % 8)} > /proc/sys/kernel/ns_last_pid`;
          const promise = pi({ detached: how === 'detached' })`echo $$; exec sleep 1000`;
          const ended = rejection(promise);
          const [line] = (await once(promise.stdout, 'data')) as [Buffer];
          if (how === 'kill') await promise.kill('SIGKILL');
          else if (how === 'timeout') void promise.timeout(1);
          else promise.abort();
          await ended;
          if (Number(line.toString()) === pid) break;
          expect(attempt).toBeLessThan(200);
        }
        expect([bystander.exitCode, bystander.signalCode]).toEqual([null, null]);
        expect(() => process.kill(pid, 0)).not.toThrow();
      } finally {
        bystander.kill('SIGKILL');
      }
    },
  );
});

describe('a connection that is cut', () => {
  it('is never an exit code, also under nothrow', async () => {
    await using sshd = await startSshd();
    await using relay = await startRelay(sshd.options.port);
    await using host = sshHost({ ...sshd.options, port: relay.port });
    const pi = on(host)({ nothrow: true, quiet: true });
    const lost = { cause: { code: 'CONNECTION_LOST' }, exitCode: null };
    const cutWhile = async (start: () => Promise<unknown>): Promise<unknown> => {
      await pi`true`;
      const rejected = rejection(start());
      setTimeout(() => relay.cut(), 300);
      return await rejected;
    };
    expect(await cutWhile(() => pi`echo begun; sleep 100`)).toMatchObject({ ...lost, stdout: 'begun\n' });
    expect(await cutWhile(() => pi`sleep 100`.exitCode)).toMatchObject(lost);
    expect(await cutWhile(() => pi`sleep 100`.text())).toMatchObject(lost);
    // The half of what was to come is not taken for the whole.
    expect(await cutWhile(() => pi`echo begun; sleep 100`.pipe($`cat`))).toMatchObject({
      cause: { code: 'CONNECTION_LOST' },
    });
    expect(await cutWhile(() => $`sleep 2; echo x`.nothrow().pipe(pi`cat`))).toMatchObject(lost);
    expect((await pi`exit 4`).exitCode).toBe(4);
  });
});
