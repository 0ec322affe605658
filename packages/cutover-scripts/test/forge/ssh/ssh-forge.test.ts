import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localHost } from '@cutover/host';
import { freePort, listening } from '@cutover/test-support/ports';
import { startSshd } from '@cutover/test-support/sshd';
import { expect, test } from 'vitest';
import type { SshEndpoint } from '../../../src/config/schema.ts';
import { openSshForge } from '../../../src/forge/ssh/ssh-forge.ts';
import { findingOf } from '../../../src/preflight/check.ts';
import { withEnvironment } from '../../../src/world/with-environment.ts';

const run = promisify(execFile);
const rigOf = (repository: string) => ({
  repository,
  repositories: [],
  ownership: { repository, ref: 'refs/cutover/owner', lease: 600_000 },
});
const noCommands = { createRepository: [], authorizeKey: [], listKeys: [], revokeKey: [] };

test('reaches the forge from a state directory of any name, by host keys and by known hosts', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cutover-forge-'));
  try {
    await using sshd = await startSshd();
    await using here = localHost();
    await run('git', ['init', '--quiet', '--bare', join(root, 'app.git')]);
    const state = join(root, `50% of "ours"`);
    await mkdir(state);
    const key = join(state, 'key');
    await run('cp', ['-p', sshd.options.privateKeyFile, key]);
    const { host, port, user, hostKeys } = sshd.options;
    const ssh = { host, port, user, privateKey: key };
    const settings = { type: 'ssh' as const, root, ...noCommands };
    const options = { here, stateDirectory: state };
    await using pinned = await openSshForge(
      { ...settings, ssh: { ...ssh, hostKeys: [...hostKeys] } },
      rigOf('app'),
      options,
    );
    await using known = await openSshForge(
      { ...settings, ssh: { ...ssh, knownHosts: join(state, 'known_hosts') } },
      rigOf('app'),
      options,
    );
    for (const { url, gitEnvironment } of [pinned, known]) {
      const { stderr } = await run('git', ['ls-remote', url('app')], {
        env: { ...process.env, ...gitEnvironment },
      });
      expect(stderr).toBe('');
    }
  } finally {
    await rm(root, { recursive: true });
  }
});

test('git goes the same way as ssh does: through the SOCKS proxy, or not at all', async () => {
  await using sshd = await startSshd();
  const folder = await mkdtemp(join(tmpdir(), 'forge-'));
  const { host, port, user, privateKeyFile: privateKey, hostKeys } = sshd.options;
  const socks = await freePort();
  const known = join(sshd.directory, 'known_hosts');
  const options = [`UserKnownHostsFile=${known}`, 'StrictHostKeyChecking=accept-new', 'IdentitiesOnly=yes'];
  const argv = ['-N', '-D', `127.0.0.1:${socks}`, '-i', privateKey, '-p', String(port)];
  for (const option of options) argv.push('-o', option);
  const proxy = spawn('ssh', [...argv, `${user}@${host}`]);
  await listening(socks);
  await using here = localHost();
  await here.run(['git', 'init', '--quiet', '--bare', join(folder, 'srv/cc-ci.git')]);
  const ssh = {
    host,
    port,
    user,
    privateKey,
    hostKeys: [...hostKeys],
    socks5: { host: '127.0.0.1', port: socks },
  };
  await using forge = await openSshForge(
    { type: 'ssh', ssh, root: join(folder, 'srv'), ...noCommands },
    rigOf('cc-ci'),
    { here, stateDirectory: folder },
  );
  // Of this machine's own settings, one would have git go to the forge by another way.
  const settings = join(folder, 'gitconfig');
  const base = `ssh://${user}@${host}:${port}/`;
  await writeFile(settings, `[url "file://"]\n\tinsteadOf = ${base}\n\tpushInsteadOf = ${base}\n`);
  const git = withEnvironment(here, { ...forge.gitEnvironment, GIT_CONFIG_GLOBAL: settings });
  const ask = () => git.run(['git', 'ls-remote', forge.url('cc-ci')], { reject: false });
  expect(await forge.answers(AbortSignal.timeout(20_000))).toBe(true);
  expect(await ask()).toMatchObject({ exitCode: 0 });
  const push = () =>
    git.run(['git', '-C', join(folder, 'srv/cc-ci.git'), 'push', '--dry-run', forge.url('cc-ci'), ':main'], {
      reject: false,
    });
  expect((await push()).stderr).toContain(`'ssh://${host}:${port}/`);
  proxy.kill();
  await new Promise((resolve) => proxy.once('exit', resolve));
  expect((await ask()).exitCode).not.toBe(0);
  await rm(folder, { recursive: true });
});

test('git and ssh go by the same jump hosts, each with its own key, and by a ProxyCommand', async () => {
  await using first = await startSshd();
  await using second = await startSshd();
  await using sshd = await startSshd();
  await using here = localHost();
  const folder = await mkdtemp(join(tmpdir(), "the forge's 50%-"));
  await here.run(['git', 'init', '--quiet', '--bare', join(folder, 'srv/cc-ci.git')]);
  const hop = ({ options: { privateKeyFile, hostKeys, ...to } }: typeof sshd) => ({
    ...to,
    privateKey: privateKeyFile,
    hostKeys: [...hostKeys],
  });
  const reached = async (way: Pick<SshEndpoint, 'jump' | 'proxyCommand'>) => {
    const ssh = { ...hop(sshd), ...way };
    await using forge = await openSshForge(
      { type: 'ssh', ssh, root: join(folder, 'srv'), ...noCommands },
      rigOf('cc-ci'),
      { here, stateDirectory: folder },
    );
    const git = withEnvironment(here, forge.gitEnvironment);
    const { exitCode } = await git.run(['git', 'ls-remote', forge.url('cc-ci')], { reject: false });
    return { git: exitCode === 0, ssh: await forge.answers(AbortSignal.timeout(20_000)) };
  };
  // What it is proxied by leaves a trace, so that a connection that goes directly shows.
  const trace = join(folder, 'trace');
  const proxyCommand = `sh -c 'echo "$1" >>"$0"; exec nc %h %p' "${trace.replaceAll('%', '%%')}"`;
  const both = { git: true, ssh: true };
  expect(await reached({ proxyCommand: `${proxyCommand} %p` })).toEqual(both);
  const jump = [hop(first), hop(second)];
  expect(await reached({ jump, proxyCommand: `${proxyCommand} %p` })).toEqual(both);
  const { port } = sshd.options;
  expect(await readFile(trace, 'utf8')).toBe(
    `${port}\n${port}\n${first.options.port}\n${first.options.port}\n`,
  );
  await second.stop();
  expect(await reached({ jump })).toEqual({ git: false, ssh: false });
  await second.start();
  const stranger = { ...hop(second), hostKeys: [...first.options.hostKeys] };
  expect(await reached({ jump: [hop(first), stranger] })).toEqual({ git: false, ssh: false });
  await rm(folder, { recursive: true });
});

test('a connection that is kept warm is shared by git, and ends with the forge', async () => {
  const root = await mkdtemp(join(tmpdir(), 'forge-warm-'));
  try {
    await using sshd = await startSshd();
    await using here = localHost();
    await run('git', ['init', '--quiet', '--bare', join(root, 'app.git')]);
    const { host, port, user, privateKeyFile: privateKey, hostKeys } = sshd.options;
    const ssh = { host, port, user, privateKey, hostKeys: [...hostKeys] };
    const forge = await openSshForge({ type: 'ssh', ssh, root, ...noCommands }, rigOf('app'), {
      here,
      stateDirectory: root,
    });
    const git = withEnvironment(here, forge.gitEnvironment);
    const asks = async () =>
      (await git.run(['git', 'ls-remote', forge.url('app')], { reject: false })).exitCode;
    // What a killed runner left is not taken for a connection.
    await writeFile(join(root, 'forge.sock'), '');
    expect(await asks()).toBe(0);
    await forge.keepWarm?.();
    await expect.poll(async () => (await stat(join(root, 'forge.sock'))).isSocket()).toBe(true);
    // No new connection is let in any more: what still works goes by the one that is there.
    await rm(join(sshd.directory, 'authorized_keys'));
    expect(await asks()).toBe(0);
    await forge[Symbol.asyncDispose]();
    expect(await asks()).not.toBe(0);
  } finally {
    await rm(root, { recursive: true });
  }
});

test('doctor says that a forge is not reached, and nothing of its commands then', async () => {
  await using sshd = await startSshd();
  await using here = localHost();
  const stateDirectory = await mkdtemp(join(tmpdir(), 'forge-'));
  try {
    const { host, port, user, privateKeyFile: privateKey, hostKeys } = sshd.options;
    const lookAt = async (at: number): Promise<string | undefined> => {
      const ssh = { host, port: at, user, privateKey, hostKeys: [...hostKeys] };
      const settings = {
        type: 'ssh' as const,
        root: '/srv',
        ...noCommands,
        listKeys: ['no-such-command'],
        ssh,
      };
      await using forge = await openSshForge(settings, rigOf('app'), { here, stateDirectory });
      const [check] = forge.checks;
      return check && (await findingOf(check, AbortSignal.timeout(20_000))).reason;
    };
    expect(await lookAt(port)).toContain('does not run `no-such-command`');
    expect(await lookAt(await freePort())).toMatch(/^cannot connect to .*ECONNREFUSED[^`]*$/);
  } finally {
    await rm(stateDirectory, { recursive: true });
  }
});
