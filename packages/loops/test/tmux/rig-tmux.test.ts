import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { connectControlClient } from '../../src/tmux/control-client.ts';
import { connectRigTmux } from '../../src/tmux/rig-tmux.ts';
import { endTmuxServer, listens, runTmux, spawnTmuxServer } from '../../src/tmux/tmux-server.ts';
import { until } from '../rig.ts';

/** A server; it is ended with the test. */
async function startServer(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'loops-'));
  const socket = join(directory, 'tmux.sock');
  await spawnTmuxServer(socket);
  onTestFinished(async () => {
    await endTmuxServer(socket);
    await rm(directory, { recursive: true, force: true });
  });
  await until(() => listens(socket), Boolean);
  return socket;
}

// A tmux that tells of the one while the other happens may crash, and all agents with it.
it('attaches its clients only when the server has told of the end of those that are still there', async () => {
  const socket = await startServer();
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

it('gives up the connection to a server that hangs, and can be ended then', async () => {
  const socket = await startServer();
  const tmux = await connectRigTmux(socket, () => {});
  const [pid] = (await runTmux(socket, ['display-message', '-p', '#{pid}'])).lines;
  process.kill(Number(pid), 'SIGSTOP');
  onTestFinished(() => {
    vi.useRealTimers();
    process.kill(Number(pid), 'SIGCONT');
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asking = tmux.panes();
  asking.catch(() => undefined);
  vi.advanceTimersByTime(30_000);
  vi.useRealTimers();
  await expect(asking).rejects.toMatchObject({
    code: 'TMUX_LOST',
    message: expect.stringContaining('no answer within 30 s'),
  });
  await tmux.closed;
  await tmux[Symbol.asyncDispose]();
});

it('gives up on a server that does not answer', async () => {
  const socket = await startServer();
  const [pid] = (await runTmux(socket, ['display-message', '-p', '#{pid}'])).lines;
  process.kill(Number(pid), 'SIGSTOP');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
    process.kill(Number(pid), 'SIGCONT');
  });
  const asking = runTmux(socket, ['list-clients']);
  asking.catch(() => undefined);
  // Its client has handed over its output by then.
  await delay(100);
  vi.advanceTimersByTime(10_000);
  await expect(asking).rejects.toMatchObject({
    code: 'TMUX_LOST',
    message: expect.stringContaining('does not answer list-clients within 10 s'),
  });
});
