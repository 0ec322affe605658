import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localHost } from '@cutover/host';
import { startSshd } from '@cutover/test-support/sshd';
import { expect, it } from 'vitest';
import { openForge } from '../../src/world/forge.ts';

const run = promisify(execFile);

it('reaches the forge from a state directory of any name, by host keys and by known hosts', async () => {
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
