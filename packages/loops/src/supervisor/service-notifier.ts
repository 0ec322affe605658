import { spawn } from 'node:child_process';
import { LoopsError } from '../errors.ts';

/** Tells systemd about a `Type=notify` service; does nothing when there is no `NOTIFY_SOCKET`. */
export interface ServiceNotifier {
  ready(status: string): Promise<void>;
  stopping(): Promise<void>;
  /** Call after each complete round of work; pings the watchdog when half of its time has passed. */
  alive(now: number): Promise<void>;
}

/** Node has no unix datagrams, so `systemd-notify` sends them; the unit needs `NotifyAccess=all`. */
export function createServiceNotifier(environment: NodeJS.ProcessEnv = process.env): ServiceNotifier {
  if (environment['NOTIFY_SOCKET'] === undefined) {
    return { ready: async () => {}, stopping: async () => {}, alive: async () => {} };
  }
  const half = Number(environment['WATCHDOG_USEC'] ?? 0) / 2000;
  let lastPing = -Infinity;
  return {
    ready: (status) => notify(['--ready', `--status=${status}`]),
    stopping: () => notify(['--stopping']),
    alive: async (now) => {
      if (half === 0 || now - lastPing < half) return;
      lastPing = now;
      await notify(['WATCHDOG=1']);
    },
  };
}

async function notify(args: readonly string[]): Promise<void> {
  const child = spawn('systemd-notify', args, { stdio: 'ignore' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new LoopsError('NOTIFY_FAILED', `systemd-notify ${args.join(' ')} ended with exit code ${code}`);
}
