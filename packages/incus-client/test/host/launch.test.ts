import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { killArgv, launchArgv } from '../../src/host/launch.ts';
import { LaunchMark } from '../../src/host/launch-mark.ts';

const execute = promisify(execFile);

test('a group is signalled, and never a later one that got its number', async () => {
  const [file = '', ...args] = launchArgv(['sleep', '100'], '/', 'mark');
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const launch = new LaunchMark('mark');
  child.stderr.pipe(launch);
  const group = await launch.group;
  if (group === undefined) throw new Error('it was not launched');
  expect(group.id).toBe(child.pid);
  expect(group.startTime).toMatch(/^\d+$/);

  const signal = async (startTime: string) => {
    const [sh = '', ...rest] = killArgv('SIGKILL', { ...group, startTime });
    await execute(sh, [...rest]);
  };
  await signal(String(Number(group.startTime) - 1));
  expect(child.exitCode ?? child.signalCode).toBeNull();
  await signal(group.startTime);
  expect(await exited).toEqual([null, 'SIGKILL']);
  await signal(group.startTime);
});
