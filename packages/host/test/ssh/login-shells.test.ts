import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { hostContract, rejection } from '@cutover/host-contract/suite';
import { type Sshd, startSshd } from '@cutover/test-support/sshd';
import * as vitest from 'vitest';

import { sshHost } from '../../src/index.ts';

const { describe, expect, it } = vitest;
const soak = process.env['CUTOVER_SOAK'] !== undefined;
const chatter = 'echo Welcome to this host; echo "on both outputs" >&2; printf "and without a newline"\n';

/** The shells that users have, each with a start-up file that prints on both outputs. */
const logins = [
  { shell: '/bin/bash', files: { '.bashrc': chatter } },
  { shell: '/bin/zsh', files: { '.zshenv': chatter } },
  { shell: '/bin/mksh', files: {} },
  { shell: '/bin/tcsh', files: { '.tcshrc': 'echo Welcome to this host\nsh -c "echo and here >&2"\n' } },
  { shell: '/usr/bin/fish', files: { '.config/fish/config.fish': chatter } },
];

if (process.getuid?.() === 0) {
  const daemons: Sshd[] = [];
  vitest.afterAll(async () => {
    for (const daemon of daemons) await daemon[Symbol.asyncDispose]();
  });
  for (const login of logins) {
    const daemon = await startSshd({ login });
    daemons.push(daemon);

    describe(`a login by ${login.shell}`, () => {
      it('runs nothing but the command, whatever its arguments and variables contain', async () => {
        await using host = sshHost(daemon.options);
        const file = join(daemon.directory, 'pwned');
        const value = `a\ntouch ${file}\nb; !! !1 'touch ${file}' \\\ntouch ${file}`;
        const { stdout, stderr } = await host.run(['sh', '-c', 'printf "%s|%s" "$1" "$VALUE"', 'sh', value], {
          env: { VALUE: value },
        });
        expect([stdout, stderr]).toEqual([`${value}|${value}`, '']);
        expect(existsSync(file)).toBe(false);
      });

      it('reads a file as it is, and no greeting', async () => {
        await using host = sshHost(daemon.options);
        const path = join(daemon.directory, 'content');
        await host.writeFile(path, 'content\n', { mode: 0o600 });
        expect(Buffer.from(await host.readFile(path)).toString()).toBe('content\n');
      });
    });

    // The part that a login shell can break from day to day.
    hostContract(vitest, {
      name: `ssh, ${login.shell}`,
      open: async () => sshHost(daemon.options),
      root: true,
      soak,
      ...(!soak && { parts: ['commands'] }),
    });
  }

  it.each([
    ['/bin/bash', { '.bashrc': 'set -xv\n' }],
    ['/bin/bash', { '.bashrc': 'export SHELLOPTS; set -x\n' }],
    ['/bin/zsh', { '.zshenv': 'set -xv\n' }],
    ['/bin/tcsh', { '.tcshrc': 'set echo verbose\n' }],
  ])('is not misled by a %s that prints its commands: %j', async (shell, files) => {
    await using daemon = await startSshd({ login: { shell, files } });
    for (const client of ['ssh2', 'openssh'] as const) {
      await using host = sshHost({ ...daemon.options, client });
      const { stdout, stderr } = await host.run(['sh', '-c', 'echo out; echo err >&2']);
      expect([stdout, stderr]).toEqual(['out\n', 'err\n']);
      expect(await rejection(host.run(['sleep', '1000'], { timeout: 300 }))).toMatchObject({
        code: 'COMMAND_TIMEOUT',
        started: true,
      });
    }
  });

  it('says that the command has run where a start-up file takes its stderr', async () => {
    const files = { '.bashrc': 'exec 2> /dev/null\n' };
    await using daemon = await startSshd({ login: { shell: '/bin/bash', files } });
    await using host = sshHost(daemon.options);
    const file = join(daemon.directory, 'made');
    expect(await rejection(host.run(['touch', file]))).toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('its stderr did not come'),
    });
    expect(existsSync(file)).toBe(true);
    await using other = sshHost({ ...daemon.options, client: 'openssh' });
    expect(await rejection(other.run(['true']))).toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('gives up on a login shell that starts nothing, by the system’s ssh too', async () => {
    await using daemon = await startSshd({
      login: { shell: '/bin/bash', files: { '.bashrc': 'sleep 20' } },
    });
    await using host = sshHost({ ...daemon.options, client: 'openssh', connectTimeout: 1_000 });
    expect(await rejection(host.run(['true']))).toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('started nothing within 1000 ms'),
    });
  });

  it('says what nologin says', async () => {
    await using daemon = await startSshd({ login: { shell: '/usr/sbin/nologin' } });
    await using host = sshHost(daemon.options);
    const error = await rejection(host.run(['true']));
    expect(error).toMatchObject({ code: 'COMMAND_REFUSED' });
    expect(error).toHaveProperty(
      'message',
      expect.stringContaining('This account is currently not available'),
    );
    await using other = sshHost({ ...daemon.options, client: 'openssh' });
    expect(await rejection(other.run(['true']))).toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('This account is currently not available'),
    });
  });
}
