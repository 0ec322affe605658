import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { expect, it, onTestFinished, vi } from 'vitest';
import { findRigProcesses } from '../../src/safe-point/processes.ts';
import { endTmuxServer, listens, spawnTmuxServer } from '../../src/tmux/tmux-server.ts';
import { until } from '../rig.ts';

/** From here on these are all the programs that are found. */
async function haveOnly(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await symlink(`/usr/bin/${name}`, join(directory, name));
  vi.stubEnv('PATH', directory);
}

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'loops-'));
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}

it('are not said to be none where a tmux server runs and its program is not found', async () => {
  const directory = await makeDirectory();
  const socket = join(directory, 'tmux.sock');
  await spawnTmuxServer(socket);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await endTmuxServer(socket);
  });
  await until(() => listens(socket), Boolean);
  await haveOnly(directory, ['ps', 'sh']);
  await using host = localHost();
  await expect(findRigProcesses(host, { tmux: [{ socket }] })).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
  });
});
