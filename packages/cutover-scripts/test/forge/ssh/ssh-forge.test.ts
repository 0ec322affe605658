import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localHost } from '@cutover/host';
import { freePort, listening } from '@cutover/test-support/ports';
import { startSshd } from '@cutover/test-support/sshd';
import { expect, test } from 'vitest';
import { openSshForge } from '../../../src/forge/ssh/ssh-forge.ts';
import { withEnvironment } from '../../../src/world/with-environment.ts';

const run = promisify(execFile);
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
      options,
    );
    await using known = await openSshForge(
      { ...settings, ssh: { ...ssh, knownHosts: join(state, 'known_hosts') } },
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
    { here, stateDirectory: folder },
  );
  const git = withEnvironment(here, forge.gitEnvironment);
  const ask = () => git.run(['git', 'ls-remote', forge.url('cc-ci')], { reject: false });
  expect(await forge.answers(AbortSignal.timeout(20_000))).toBe(true);
  expect(await ask()).toMatchObject({ exitCode: 0 });
  proxy.kill();
  await new Promise((resolve) => proxy.once('exit', resolve));
  expect((await ask()).exitCode).not.toBe(0);
  await rm(folder, { recursive: true });
});
