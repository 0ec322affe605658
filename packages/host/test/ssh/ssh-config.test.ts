import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { rejection } from '@cutover/host-contract/suite';
import { startSshd } from '@cutover/test-support/sshd';
import { afterAll, expect, it, vi } from 'vitest';

import { sshHost, type SshHostOptions } from '../../src/index.ts';

const sshd = await startSshd();
afterAll(async () => await sshd[Symbol.asyncDispose]());
const { port, user, privateKeyFile } = sshd.options;
const known = join(sshd.directory, 'known');
await writeFile(known, `vm ${sshd.hostKey}\n[127.0.0.1]:${port} ${sshd.hostKey}\n`);
await promisify(execFile)('ssh-keygen', [
  '-q',
  '-t',
  'ed25519',
  '-N',
  '',
  '-f',
  join(sshd.directory, 'other'),
]);

let files = 0;
/** Logs in to `vm` by a configuration of these lines about it. */
async function login(
  lines: readonly string[],
  options: Partial<SshHostOptions> = {},
  also = '',
): Promise<string> {
  const config = join(sshd.directory, `config-${(files += 1)}`);
  await writeFile(config, `Host vm\n${lines.map((line) => `  ${line}\n`).join('')}${also}`);
  await using host = sshHost({ host: 'vm', config, ...options });
  expect(host.name).toBe(options.user === undefined ? 'vm' : `${options.user}@vm`);
  return (await host.run(['sh', '-c', 'echo in'])).stdout;
}

const reach = ['HostName 127.0.0.1', `Port ${port}`, `User ${user}`, `UserKnownHostsFile ${known}`];
const key = `IdentityFile ${privateKeyFile}`;

it('reads name, port, user, key and known hosts', async () => {
  vi.stubEnv('SSH_AUTH_SOCK', '');
  expect(await login([...reach, key])).toBe('in\n');
  expect(await login([...reach, key, 'HostKeyAlias vm'])).toBe('in\n');
  expect(await login([...reach, key, 'HostKeyAlias other']).catch((error: unknown) => error)).toMatchObject({
    code: 'HOST_KEY_UNKNOWN',
  });
  // The first of these cannot be used; OpenSSH passes over it too.
  expect(await login([...reach, 'IdentityFile /no/such/key', `IdentityFile ${known}`, key])).toBe('in\n');
  vi.unstubAllEnvs();
});

it('finds files whose names have spaces, tokens and variables', async () => {
  vi.stubEnv('SSH_AUTH_SOCK', '');
  vi.stubEnv('KEYS', sshd.directory);
  const folder = join(sshd.directory, 'my files');
  await mkdir(folder);
  await copyFile(privateKeyFile, join(folder, `id-127.0.0.1-${user}`));
  await copyFile(known, join(folder, 'known'));
  const there = reach.slice(0, 3);
  const hosts = `UserKnownHostsFile /no/such "${folder}/known"`;
  for (const file of [`"${folder}/id-%h-%r"`, '${KEYS}/user', `"\${KEYS}/my files/id-%h-%r"`])
    expect(await login([...there, hosts, `IdentityFile ${file}`])).toBe('in\n');
  vi.unstubAllEnvs();
});

it('says that ProxyJump leads in a circle', async () => {
  expect(await rejection(login([...reach, key], {}, 'Host *\n  ProxyJump vm\n'))).toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining('circle'),
  });
});

it('is overruled by what is said', async () => {
  const wrong = [
    'HostName 127.0.0.1',
    'Port 1',
    'User nobody',
    'IdentityFile /no/such',
    `UserKnownHostsFile ${known}`,
  ];
  expect(await login(wrong, { port, user, privateKeyFile })).toBe('in\n');
});

it('goes by jump hosts and proxy commands', async () => {
  const jump = `Host jump\n${[...reach, key].map((line) => `  ${line}\n`).join('')}`;
  expect(await login([...reach, key, 'ProxyJump jump'], {}, jump)).toBe('in\n');
  expect(await login([...reach, key, 'ProxyJump jump,jump'], {}, jump)).toBe('in\n');
  expect(await login([...reach, key, 'ProxyCommand nc %h %p'])).toBe('in\n');
  const error = await rejection(login([...reach, key, 'ProxyCommand sh -c "echo no way >&2; exit 3"']));
  expect(error).toMatchObject({ code: 'CONNECTION_FAILED', message: expect.stringContaining('no way') });
});

it('uses of an agent only the keys that are named, with IdentitiesOnly', async () => {
  const socket = join(sshd.directory, 'agent');
  const execute = promisify(execFile);
  const { stdout } = await execute('ssh-agent', ['-s', '-a', socket]);
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]);
  try {
    await execute('ssh-add', ['-q', privateKeyFile, join(sshd.directory, 'other')], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
    });
    const agent = `IdentityAgent ${socket}`;
    // Its public half says which key of the agent is meant.
    const half = join(sshd.directory, 'half');
    await writeFile(`${half}.pub`, await readFile(`${privateKeyFile}.pub`));
    expect(await login([...reach, agent, `IdentityFile ${half}`, 'IdentitiesOnly yes'])).toBe('in\n');
    const other = `IdentityFile ${join(sshd.directory, 'other')}`;
    expect(await login([...reach, agent, other])).toBe('in\n');
    expect(await rejection(login([...reach, agent, other, 'IdentitiesOnly yes']))).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
    });
  } finally {
    process.kill(pid);
  }
});

it('says that a configuration cannot be read', async () => {
  await using host = sshHost({ host: 'vm', config: '/no/such/config' });
  expect(await rejection(host.run(['true']))).toMatchObject({ code: 'OPTION_INVALID', option: 'config' });
});
