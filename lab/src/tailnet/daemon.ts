import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A process of this machine that ends with the process that started it, however that ends. */
export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  /** Ends it as hard as can be. */
  kill(): Promise<void>;
}

export interface DaemonOptions {
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Asked again and again until it says yes. */
  readonly ready: () => Promise<boolean>;
}

/** Starts it, and waits until it is ready. @throws {Error} it ended, or is not ready within a minute; with its last words. */
export async function startDaemon(
  argv: readonly string[],
  { log, env = {}, ready }: DaemonOptions,
): Promise<Daemon> {
  const file = await open(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
    stdio: ['ignore', file.fd, file.fd],
    env: { PATH: process.env['PATH'], HOME: '/root', ...env },
  });
  await file.close();
  const ended = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await ended;
  };
  const deadline = performance.now() + 60_000;
  while (!(await ready())) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await end('SIGKILL');
      const words = (await readFile(log, 'utf8')).trim().split('\n').slice(-8).join('\n');
      throw new Error(`${argv[0] ?? ''} did not come up; its last words:\n${words}`);
    }
    await delay(50);
  }
  return {
    pid: child.pid ?? 0,
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  };
}
