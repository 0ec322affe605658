import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { connectControlClient } from '../../src/tmux/control-client.ts';
import { connectRigTmux } from '../../src/tmux/rig-tmux.ts';
import { endTmuxServer, listens, spawnTmuxServer } from '../../src/tmux/tmux-server.ts';
import { until } from '../rig.ts';

// A tmux that tells of the one while the other happens may crash, and all agents with it.
it('attaches its clients only when the server has told of the end of those that are still there', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'loops-'));
  const socket = join(directory, 'tmux.sock');
  await spawnTmuxServer(socket);
  onTestFinished(async () => {
    await endTmuxServer(socket);
    await rm(directory, { recursive: true, force: true });
  });
  await until(() => listens(socket), Boolean);
  const notices: string[] = [];
  await connectControlClient(socket, [['new-session', '-s', 'observer', 'sleep', '1000']], (notice) => {
    if (notice.startsWith('%client-')) notices.push(notice);
  });
  await connectRigTmux(socket, () => {});
  await until(
    () => notices,
    ({ length }) => length >= 2,
  );
  notices.length = 0;
  await connectRigTmux(socket, () => {});
  await until(
    () => notices,
    ({ length }) => length >= 4,
  );
  expect(notices).toEqual([
    '%client-detached',
    '%client-detached',
    '%client-session-changed',
    '%client-session-changed',
  ]);
});
