import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tmuxSocket } from '../../../src/config/rig-places.ts';
import { isAlive } from '../../../src/processes/reap-runs.ts';
import { runTmux } from '../../../src/tmux/tmux-server.ts';
import { makeRig, pidOf, until, untilRunning } from '../../rig.ts';

it("takes no other pane in an agent's session for the agent's", async () => {
  await using rig = await makeRig({
    loops: { one: { command: ['sleep', '100000'], environment: { SECRET: 'a secret' } } },
  });
  const supervisor = await rig.supervise();
  const pid = pidOf(await untilRunning(supervisor), 'one');
  const tmux = async (...words: string[]): Promise<string> =>
    (await runTmux(tmuxSocket(rig.config), words)).lines.join('\n');
  // What a person, or the agent itself, may do there. The last pane of the session is one that ends.
  const pane = ['-P', '-F', '#{pane_pid}'];
  const helper = Number(await tmux('split-window', '-t', '=one:', ...pane, 'sleep 100000'));
  const environment = join(rig.directory, 'environment');
  await tmux('new-window', '-t', '=one:', `env >${environment}; sleep 0.2`);
  await until(
    () => tmux('list-panes', '-s', '-t', '=one:', '-F', '#{pane_pid}'),
    (panes) => panes.split('\n').length === 2,
  );
  await supervisor.reconcile();
  expect(pidOf(supervisor.status(), 'one')).toBe(pid);
  expect(rig.events.filter(({ type }) => type === 'exited')).toEqual([]);
  expect(await readFile(environment, 'utf8')).not.toMatch(/LOOPS_|SECRET/);

  process.kill(pid, 'SIGKILL');
  const again = await until(
    () => supervisor.status().loops[0]?.pid,
    (now) => now !== undefined && now !== pid,
  );
  const agentsPane = (await tmux('list-panes', '-a', '-F', '#{@loops_run} #{pane_id}')).split('\n');
  await tmux('kill-pane', '-t', agentsPane.map((line) => /^\S+ (%\d+)$/.exec(line)?.[1]).find(Boolean) ?? '');
  await until(
    () => supervisor.status().loops[0]?.pid,
    (now) => now !== undefined && now !== again,
  );
  await supervisor.restart(['one']);
  await untilRunning(supervisor);
  expect(isAlive(helper)).toBe(true);

  await supervisor.unwant(['one']);
  await until(
    () => isAlive(helper),
    (alive) => !alive,
  );
  expect(await tmux('list-sessions', '-F', '#S')).toBe('loops-hub');
});
