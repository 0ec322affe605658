import { setTimeout } from 'node:timers/promises';

import { processesWith, rejection, uniqueSleep, until } from '@cutover/host-contract/suite';
import { propertyRuns } from '@cutover/test-support/property-runs';
import { startSshd } from '@cutover/test-support/sshd';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { localHost, sshHost } from '../../src/index.ts';
import { serverThatGoesDown } from './server-that-goes-down.ts';

const sshd = await startSshd();
const narrow = await startSshd({ configuration: ['MaxSessions 3'] });
const single = await startSshd({ configuration: ['MaxSessions 1'] });
const none = await startSshd({ configuration: ['MaxSessions 0'] });
afterAll(async () => {
  for (const daemon of [sshd, narrow, single, none]) await daemon[Symbol.asyncDispose]();
});

describe('sessions', () => {
  it.each([
    ['fewer sessions than we think', narrow],
    ['one session', single],
  ])('runs 12 at once on a server with %s', async (_what, daemon) => {
    await using host = sshHost(daemon.options);
    const numbers = Array.from({ length: 12 }, (_, index) => `${index}\n`);
    const results = await Promise.all(numbers.map(async (input) => await host.run(['cat'], { input })));
    expect(results.map(({ stdout }) => stdout)).toEqual(numbers);
  });

  it.each([
    ['all sessions are taken', narrow],
    ['there is but one session', single],
  ])('ends a command at its timeout when %s', async (_what, daemon) => {
    await using host = sshHost(daemon.options);
    const seconds = uniqueSleep();
    const errors = await Promise.all(
      Array.from({ length: 4 }, async () => await rejection(host.run(['sleep', seconds], { timeout: 700 }))),
    );
    for (const error of errors) expect(error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
    await using local = localHost();
    await until(async () => (await processesWith(local, seconds)).length === 0);
  });

  it('lets a waiting call be aborted, and gives its place to the next', async () => {
    await using host = sshHost({ ...sshd.options, maxSessions: 2 });
    await using holder = host.stream(['cat']);
    const waiting = rejection(host.run(['true'], { signal: AbortSignal.timeout(200) }));
    const next = host.run(['echo', 'next']);
    expect(await waiting).toMatchObject({ code: 'COMMAND_ABORTED' });
    holder.stdin.end();
    expect((await next).stdout).toBe('next\n');
  });

  it('says so when the server grants no session', async () => {
    await using host = sshHost(none.options);
    const error = await rejection(host.run(['true']));
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(error).toHaveProperty('message', expect.stringContaining('MaxSessions'));
  });

  it('waits for a server that is slow to clear up after a session', async () => {
    await using slow = await serverThatGoesDown({ busy: 1200 });
    await using host = sshHost(slow.options);
    expect((await host.run(['echo', 'up'])).stdout).toBe('up\n');
  });

  it('has many take turns on a server that is slow to clear up after each session', async () => {
    await using slow = await serverThatGoesDown({ clearing: 250 });
    await using host = sshHost(slow.options);
    const numbers = Array.from({ length: 12 }, (_, index) => `${index}\n`);
    const results = await Promise.all(numbers.map(async (input) => await host.run(['cat'], { input })));
    expect(results.map(({ stdout }) => stdout)).toEqual(numbers);
  });

  it('says so when the login shell or a forced command starts nothing', async () => {
    await using forced = await startSshd({
      configuration: ['ForceCommand echo This account is closed. >&2; exit 1'],
    });
    await using host = sshHost(forced.options);
    const error = await rejection(host.run(['true']));
    expect(error).toMatchObject({ name: 'CommandRefusedError', code: 'COMMAND_REFUSED' });
    expect(error).toHaveProperty('message', expect.stringContaining('This account is closed.'));
  });

  it('takes a server that starts no command any more for a host that goes down', async () => {
    await using going = await serverThatGoesDown();
    await using host = sshHost(going.options);
    expect((await host.run(['echo', 'up'])).stdout).toBe('up\n');
    going.goDown();
    expect(await rejection(host.run(['true']))).toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('drops what a login shell prints on stderr before the command', async () => {
    await using noisy = await startSshd({
      configuration: ['ForceCommand echo noise >&2; eval "$SSH_ORIGINAL_COMMAND"'],
    });
    await using host = sshHost(noisy.options);
    const { stdout, stderr } = await host.run(['sh', '-c', 'echo out; echo err >&2']);
    expect([stdout, stderr]).toEqual(['out\n', 'err\n']);
  });

  it('ends a command that is disposed of while the login shell has yet to become it', async () => {
    await using slow = await startSshd({
      configuration: ['ForceCommand trap "" PIPE; sleep 1; eval "$SSH_ORIGINAL_COMMAND"'],
    });
    await using host = sshHost(slow.options);
    await using local = localHost();
    const seconds = uniqueSleep();
    await host.run(['true']);
    {
      await using command = host.stream(['sleep', seconds]);
      void command;
      // Long enough for the session to be ours, and not for the command to have begun.
      await setTimeout(300);
    }
    await host.run(['true']);
    await expect.poll(() => processesWith(local, seconds), { timeout: 30_000 }).toEqual([]);
  });

  it('says of a missing command that it is missing, and not how it was sent', async () => {
    await using host = sshHost(sshd.options);
    const { exitCode, stderr } = await host.run(['no-such-command', 'argument'], { reject: false });
    expect(exitCode).toBe(127);
    expect(stderr).toMatch(/^sh: .*no-such-command: not found\n$/);
    expect(stderr).not.toContain('argument');
  });

  it.runIf(process.getuid?.() === 0)('tells the end of a command that was ended while it began', async () => {
    // The line by which a command begins on stderr finds a pipe that is full.
    const text = 'exec 2> >(exec sleep 3 > /dev/null 2>&1); head -c 65536 /dev/zero >&2\n';
    await using stuck = await startSshd({ login: { shell: '/bin/bash', files: { '.bashrc': text } } });
    await using host = sshHost(stuck.options);
    expect(await rejection(host.run(['sleep', '1000'], { timeout: 500 }))).toMatchObject({
      code: 'COMMAND_TIMEOUT',
    });
  });

  it('refuses a command line that the kernel would not take', async () => {
    await using host = sshHost(sshd.options);
    expect(await rejection(host.run(['echo', 'x'.repeat(140_000)]))).toMatchObject({
      code: 'COMMAND_REFUSED',
    });
    expect((await host.run(['echo', 'x'.repeat(130_000)])).stdout).toHaveLength(130_001);
  });

  it('passes any argv', async () => {
    await using host = sshHost(sshd.options);
    const argument = fc.string({ unit: 'binary' }).map((part) => part.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(argument, { minLength: 1, maxLength: 12 }), async (argv) => {
        const { stdout } = await host.run(['printf', '%s\\0', ...argv]);
        expect(stdout.split('\0').slice(0, -1)).toEqual(argv);
      }),
      propertyRuns(20, 1000),
    );
  });
});
