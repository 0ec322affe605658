import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localHost, sshHost } from '@cutover/host';
import { freePort, listening } from '@cutover/test-support/ports';
import { startSshd } from '@cutover/test-support/sshd';
import { expect, test } from 'vitest';
import { connection } from '../../src/world/open-world.ts';
import { openForge } from '../../src/world/forge.ts';
import { withEnvironment } from '../../src/world/with-environment.ts';

const run = promisify(execFile);

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
    const commands = { createRepository: [], authorizeKey: [], listKeys: [], revokeKey: [] };
    const pinned = await openForge(
      { ssh: { ...ssh, hostKeys: [...hostKeys] }, root, ...commands },
      here,
      state,
    );
    const known = await openForge(
      { ssh: { ...ssh, knownHosts: join(state, 'known_hosts') }, root, ...commands },
      here,
      state,
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
  const commands = { createRepository: [], authorizeKey: [], listKeys: [], revokeKey: [] };
  await using forgeHost = sshHost({ name: 'forge', ...connection(ssh) });
  const forge = await openForge({ ssh, root: join(folder, 'srv'), ...commands }, forgeHost, folder);
  const git = withEnvironment(here, forge.gitEnvironment);
  const ask = () => git.run(['git', 'ls-remote', forge.url('cc-ci')], { reject: false });
  expect(await forge.answers(AbortSignal.timeout(20_000))).toBe(true);
  expect(await ask()).toMatchObject({ exitCode: 0 });
  proxy.kill();
  await new Promise((resolve) => proxy.once('exit', resolve));
  expect((await ask()).exitCode).not.toBe(0);
  await rm(folder, { recursive: true });
});

test('a connection that is kept warm is shared by git, and ends with the forge', async () => {
  const root = await mkdtemp(join(tmpdir(), 'forge-warm-'));
  try {
    await using sshd = await startSshd();
    await using here = localHost();
    await run('git', ['init', '--quiet', '--bare', join(root, 'app.git')]);
    const { host, port, user, privateKeyFile: privateKey, hostKeys } = sshd.options;
    const commands = { createRepository: [], authorizeKey: [], listKeys: [], revokeKey: [] };
    const ssh = { host, port, user, privateKey, hostKeys: [...hostKeys] };
    const forge = await openForge({ ssh, root, ...commands }, here, root);
    const git = withEnvironment(here, forge.gitEnvironment);
    const asks = async () =>
      (await git.run(['git', 'ls-remote', forge.url('app')], { reject: false })).exitCode;
    // What a killed runner left is not taken for a connection.
    await writeFile(join(root, 'forge.sock'), '');
    expect(await asks()).toBe(0);
    await forge.keepWarm();
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
