import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

export interface Sleeper {
  readonly pid: number;
  end(): Promise<void>;
}

/** A program that lives until the test ends: `sleep`, which `by` becomes, e.g. `['unshare', '--mount']`. */
export async function sleeper(by: readonly [string, ...string[]], cwd = '/'): Promise<Sleeper> {
  const [command, ...args] = by;
  const child = spawn(command, [...args, 'sleep', '600'], { cwd, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(end);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} did not start`);
  while ((await readFile(`/proc/${pid}/comm`, 'utf8')).trim() !== 'sleep') await sleep(10);
  return { pid, end };
}
