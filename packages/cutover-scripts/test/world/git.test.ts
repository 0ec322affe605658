import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { gitIn } from '../../src/world/git.ts';

const run = promisify(execFile);

it('runs git in a process group of its own, which a Ctrl-C at the terminal does not reach', async () => {
  const { signal } = new AbortController();
  const group = await gitIn('.', {})(signal, '-c', 'alias.group=!ps -o pgid= -p $$ #', 'group');
  const own = await run('ps', ['-o', 'pgid=', '-p', String(process.pid)]);
  expect(group.trim()).toMatch(/^\d+$/);
  expect(group.trim()).not.toBe(own.stdout.trim());
});
