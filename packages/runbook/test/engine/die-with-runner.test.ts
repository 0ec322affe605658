import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dieWithRunner } from '../../src/engine/die-with-runner.ts';

test('a child dies with its runner, also by kill -9', async () => {
  // It says its pid itself, once its death is bound to its runner's.
  const argv = JSON.stringify(dieWithRunner(['sh', '-c', 'echo $$; exec sleep 60']));
  const script = `const [c, ...a] = ${argv}; const stdio = ['ignore', 'inherit', 'ignore'];
    require('child_process').spawn(c, a, { stdio }); setInterval(() => {}, 1000);`;
  const runner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line]: unknown[] = await once(runner.stdout, 'data');
  const child = `/proc/${Number(String(line))}`;
  await access(child);
  runner.kill('SIGKILL');
  await once(runner, 'exit');
  await expect.poll(() => gone(child), { timeout: 5000 }).toBe(true);
});

async function gone(path: string): Promise<boolean> {
  await sleep(10);
  return access(path).then(
    () => false,
    () => true,
  );
}
