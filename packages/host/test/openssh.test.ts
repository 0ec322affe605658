import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { hostContract, rejection } from '@cutover/host-contract/suite';
import { startSshd } from '@cutover/test-support/sshd';
import * as vitest from 'vitest';

import { sshHost } from '../src/index.ts';
import { startRelay } from './ssh/relay.ts';

const { expect, it } = vitest;
const execute = promisify(execFile);
const sshd = await startSshd();
vitest.afterAll(async () => await sshd[Symbol.asyncDispose]());
const soak = process.env['CUTOVER_SOAK'] !== undefined;
const client = 'openssh';

hostContract(vitest, {
  name: 'the system’s ssh',
  open: async () => sshHost({ ...sshd.options, client }),
  root: process.getuid?.() === 0,
  exactSignals: false,
  soak,
  ...(!soak && { parts: ['commands', 'many', 'input', 'endings', 'streams'] }),
});

it('says in ssh’s words why there is no connection, with a code', async () => {
  const other = (await readFile(join(sshd.directory, 'user.pub'), 'utf8')).trim();
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(sshd.directory, 'unknown')]);
  for (const [options, code] of [
    [{ hostKeys: [other] }, 'HOST_KEY_MISMATCH'],
    [{ hostKeys: undefined, knownHostsFile: '/dev/null' }, 'HOST_KEY_UNKNOWN'],
    [{ privateKeyFile: join(sshd.directory, 'unknown'), agent: 'none' }, 'AUTHENTICATION_FAILED'],
    [{ port: 1 }, 'CONNECTION_FAILED'],
    [{ hostKeys: ['SHA256:x'] }, 'OPTION_INVALID'],
    [{ passphrase: 'x' }, 'OPTION_INVALID'],
  ] as const) {
    await using host = sshHost({ ...sshd.options, ...options, client });
    expect(await rejection(host.run(['true'])), code).toMatchObject({ code });
  }
});

it('is unknown, and no exit code, when the connection is cut', async () => {
  await using relay = await startRelay(sshd.options.port);
  await using host = sshHost({ ...sshd.options, port: relay.port, client });
  await host.run(['true']);
  expect(relay.connections).toBe(1);
  const running = rejection(host.run(['sh', '-c', 'echo begun; sleep 100']));
  setTimeout(() => relay.cut(), 500);
  expect(await running).toMatchObject({ code: 'CONNECTION_LOST' });
  expect((await host.run(['echo', 'again'])).stdout).toBe('again\n');
});

it('is disposed of at once, also before ssh was started and when no server answers', async () => {
  await using relay = await startRelay(sshd.options.port);
  relay.freeze();
  const host = sshHost({ ...sshd.options, port: relay.port, client });
  const waiting = rejection(host.run(['true']));
  const began = performance.now();
  await host[Symbol.asyncDispose]();
  expect(await waiting).toMatchObject({ code: 'CONNECTION_FAILED' });
  expect(performance.now() - began).toBeLessThan(10_000);
});

it('runs many at once on a server with fewer sessions than we think, and says so where there is but one', async () => {
  await using narrow = await startSshd({ configuration: ['MaxSessions 3'] });
  await using host = sshHost({ ...narrow.options, client });
  const numbers = Array.from({ length: 8 }, (_, index) => `${index}\n`);
  const results = await Promise.all(numbers.map(async (input) => await host.run(['cat'], { input })));
  expect(results.map(({ stdout }) => stdout)).toEqual(numbers);
  await using single = await startSshd({ configuration: ['MaxSessions 1'] });
  await using other = sshHost({ ...single.options, client });
  expect(await rejection(other.run(['true']))).toMatchObject({
    code: 'CONNECTION_FAILED',
    message: expect.stringContaining('MaxSessions'),
  });
});

it('logs in with a certificate, to a host with one', async () => {
  const authority = join(sshd.directory, 'ca');
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', authority]);
  const key = join(sshd.directory, 'certified');
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await execute('ssh-keygen', ['-q', '-s', authority, '-I', 'user', '-n', sshd.options.user, `${key}.pub`]);
  const hostKey = join(sshd.directory, 'host_certified');
  await copyFile(join(sshd.directory, 'host_ed25519'), hostKey);
  await copyFile(join(sshd.directory, 'host_ed25519.pub'), `${hostKey}.pub`);
  await execute('ssh-keygen', [
    '-q',
    '-s',
    authority,
    '-I',
    'host',
    '-h',
    '-n',
    '127.0.0.1',
    `${hostKey}.pub`,
  ]);
  await using strict = await startSshd({
    configuration: [
      `TrustedUserCAKeys ${authority}.pub`,
      'AuthorizedKeysFile none',
      `HostKey ${hostKey}`,
      `HostCertificate ${hostKey}-cert.pub`,
    ],
  });
  const knownHostsFile = join(sshd.directory, 'authorities');
  await writeFile(knownHostsFile, `@cert-authority * ${await readFile(`${authority}.pub`, 'utf8')}`);
  const login = { ...strict.options, privateKeyFile: key };
  await using host = sshHost({ ...login, hostKeys: undefined, knownHostsFile, client });
  expect((await host.run(['echo', 'in'])).stdout).toBe('in\n');
  await using withoutCertificates = sshHost({ ...login, client: 'ssh2' });
  expect(await rejection(withoutCertificates.run(['true']))).toMatchObject({
    code: 'AUTHENTICATION_FAILED',
    message: expect.stringMatching(new RegExp(`${key}-cert.pub was not shown.*client: 'openssh'`)),
  });
});
