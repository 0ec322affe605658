import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

import type { Host } from '@cutover/host-contract';
import {
  type ContractRunner,
  failOnceLost,
  processesWith,
  rejection,
  testLimit,
  uniqueSleep,
  until,
} from '@cutover/host-contract/suite';
import { $ } from 'zx/core';

import { on } from './zx/on.ts';

export { arrivals } from './zx/positions.ts';

/** The host that `shellSuite()` tests, and what its transport cannot tell. */
export interface ShellSuiteOptions {
  /** The transport's name, for the report. */
  readonly name: string;
  /** Makes the host under test; the suite disposes of it. It needs bash and coreutils. */
  open(): Promise<Host>;
  /** Whether commands of this host have the environment of this process, as on this machine they do. */
  readonly inheritsEnvironment?: boolean | undefined;
  /** `false`: a death by signal n is told as the exit code 128 + n. Default `true`. */
  readonly exactSignals?: boolean | undefined;
}

/** What `on(host)` promises, as tests: the same on every transport. */
export function shellSuite(runner: ContractRunner, options: ShellSuiteOptions): void {
  const { describe, it, expect, beforeAll, afterAll } = runner;
  const timeout = testLimit({});
  describe(`zx on a host: ${options.name}`, { timeout }, () => {
    let host: Host;
    let pi: ReturnType<typeof on>;
    beforeAll(async () => {
      host = await options.open();
      pi = on(host)({ quiet: true });
    }, timeout);
    failOnceLost(runner, () => host);
    afterAll(async () => await host[Symbol.asyncDispose]());

    const running = async (seconds: string): Promise<boolean> =>
      (await processesWith(host, seconds)).length > 0;

    it('gives output as text, lines and JSON, and exit codes', async () => {
      const name = 'a file; with $words';
      expect((await pi`echo ${name}; echo two >&2`).stdout).toBe(`${name}\n`);
      expect(await pi`printf '%s\n' ${['one', 'two words']}`.lines()).toEqual(['one', 'two words']);
      expect(await pi`echo ${JSON.stringify({ a: "it's" })}`.json()).toEqual({ a: "it's" });
      expect(await pi`exit 7`.exitCode).toBe(7);
      const lines: string[] = [];
      for await (const line of pi`echo 1; sleep 0.1; echo 2`) lines.push(line);
      expect(lines).toEqual(['1', '2']);
    });

    it('rejects on a failure, also in the middle of a pipe, unless nothrow says otherwise', async () => {
      expect(await rejection(pi`echo why >&2; exit 3`)).toMatchObject({
        exitCode: 3,
        stderr: 'why\n',
        cause: null,
      });
      expect(await rejection(pi`false | cat`)).toMatchObject({ exitCode: 1 });
      expect(await rejection(pi`echo $no_such_variable`)).toMatchObject({ exitCode: expect.any(Number) });
      expect(await pi`exit 3`.nothrow()).toMatchObject({ exitCode: 3, ok: false });
      expect(await pi({ nothrow: true })`no-such-command-of-ours`).toMatchObject({ exitCode: 127 });
    });

    it('takes options as zx does, one set on another', async () => {
      const there = pi({ cwd: '/usr/bin' })({ env: { GREETING: "it's", NONE: undefined } });
      expect(await there`pwd; echo "$GREETING \${NONE-unset}"`.lines()).toEqual(['/usr/bin', "it's unset"]);
      expect((await pi({ input: 'secret' })`cat`).stdout).toBe('secret');
      expect((await pi({ input: '' })`cat`).stdout).toBe('');
      expect((await pi({ shell: 'sh' })`echo \${BASH_VERSION-no bash}`).stdout).toMatch(/no bash|^\d/);
      expect(await rejection(pi({ cwd: '/no/such/folder' })`true`)).toMatchObject({ exitCode: 127 });
    });

    it('starts in the host’s own directory, whatever this process and zx say', async () => {
      const own = (await host.run(['pwd'])).stdout;
      const before = $.cwd;
      $.cwd = '/usr';
      try {
        expect((await pi`pwd`).stdout).toBe(own);
      } finally {
        if (before === undefined) delete $.cwd;
        else $.cwd = before;
      }
    });

    it.skipIf(options.inheritsEnvironment === true)('lets no variable of this process travel', async () => {
      process.env['CUTOVER_LOCAL_ONLY'] = 'local';
      try {
        expect((await pi({ preferLocal: true })`env`).stdout).not.toMatch(/CUTOVER_LOCAL_ONLY|node_modules/);
      } finally {
        delete process.env['CUTOVER_LOCAL_ONLY'];
      }
    });

    it('pipes between hosts, files and streams, and loses no byte', async () => {
      const data = randomBytes(3 * 1024 * 1024);
      const folder = (await pi`mktemp -d /tmp/zx-suite-XXXXXX`).stdout.trim();
      try {
        await host.writeFile(`${folder}/data`, data, { mode: 0o600 });
        const sum = (await pi`sha256sum < ${folder}/data`).stdout;
        expect((await pi`cat ${folder}/data`.pipe($`sha256sum`)).stdout).toBe(sum);
        await $`tar -C /usr/share -c ${'common-licenses'}`.pipe(pi`tar -C ${folder} -x`);
        await pi`tar -C ${folder} -c data`.pipe(pi`mkdir ${folder}/copy && tar -C ${folder}/copy -x`);
        expect((await pi`sha256sum < ${folder}/copy/data`).stdout).toBe(sum);
        // A template without a shell of its own runs on the host too.
        expect(await pi`echo ${folder}`.pipe`xargs ls ${'-d'}`.lines()).toEqual([folder]);
      } finally {
        await pi`rm -rf ${folder}`;
      }
    });

    it('breaks a pipe whose source fails', async () => {
      const seconds = uniqueSleep();
      expect(await rejection(pi`exit 5`.pipe(pi`cat; sleep ${seconds}`))).toMatchObject({ exitCode: 5 });
      await until(async () => !(await running(seconds)));
    });

    it.each(['kill', 'timeout', 'option', 'abort', 'signal'] as const)(
      'ends all that a command has started: %s',
      async (how) => {
        const seconds = uniqueSleep();
        const controller = new AbortController();
        const shell =
          how === 'option'
            ? pi({ timeout: '1s' })
            : how === 'signal'
              ? pi({ signal: controller.signal })
              : pi;
        const promise = shell`sh -c ${`sleep ${seconds} & sleep ${seconds}`}; true`;
        const ended = rejection(promise);
        await until(async () => await running(seconds));
        expect(promise.pid).toBeUndefined();
        if (how === 'kill') await promise.kill();
        if (how === 'timeout') void promise.timeout('10ms');
        if (how === 'abort') promise.abort('enough');
        if (how === 'signal') controller.abort('enough');
        const byAbort = how === 'abort' || how === 'signal';
        expect(await ended).toMatchObject(
          byAbort
            ? { cause: { name: 'AbortError', cause: 'enough' } }
            : options.exactSignals === false
              ? {}
              : { signal: 'SIGTERM' },
        );
        await until(async () => !(await running(seconds)));
      },
    );

    it('ends with KILL what ignores the signal of a timeout, and never calls that a success', async () => {
      const seconds = uniqueSleep();
      const stubborn = pi`trap '' TERM; sleep ${seconds} & wait; sleep ${seconds}`.timeout('500ms');
      expect(await rejection(stubborn)).toMatchObject(
        options.exactSignals === false ? {} : { signal: 'SIGKILL' },
      );
      await until(async () => !(await running(seconds)));
      const polite = pi`trap 'exit 0' TERM; sleep ${seconds} & wait`.timeout('500ms');
      expect(await rejection(polite)).toMatchObject({ cause: { code: 'COMMAND_TIMEOUT' } });
      const forgiven = await pi`trap 'exit 0' TERM; sleep ${seconds} & wait`.nothrow().timeout('500ms');
      expect(forgiven.ok).toBe(false);
    });

    it('sends the signal that it is asked to', async () => {
      const promise = pi`trap 'echo got it; exit 9' USR1; echo ready; while :; do sleep 0.1; done`.nothrow();
      await once(promise.stdout, 'data');
      await promise.kill('SIGUSR1');
      expect(await promise).toMatchObject({ exitCode: 9 });
      expect(() => promise.kill()).toThrow('Too late');
    });

    it('refuses what cannot be passed on, also under nothrow', async () => {
      const shell = pi({ nothrow: true });
      for (const value of ['a\0b', '\uD800']) {
        expect(() => shell`echo ${value}`).toThrow(TypeError);
        expect(await rejection(shell`echo ${Promise.resolve(value)}`)).toMatchObject({
          cause: expect.any(TypeError),
        });
      }
      expect(await rejection(shell`echo ${'x'.repeat(200_000)}`)).toMatchObject({
        cause: { code: 'COMMAND_REFUSED' },
      });
      expect(await rejection(shell({ cwd: 'relative' })`true`)).toMatchObject({
        cause: expect.any(TypeError),
      });
    });

    it('never runs synchronously', () => {
      expect(() => pi.sync`true`).toThrow('await it');
      expect(() => pi({ sync: true })`true`).toThrow('await it');
    });
  });
}
