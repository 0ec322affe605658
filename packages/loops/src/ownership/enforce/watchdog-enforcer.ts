import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { RigConfig } from '../../config/rig-config.ts';
import { tmuxSocket } from '../../config/rig-places.ts';
import { leaseFile } from '../lease-file.ts';
import { LeaseUnenforcedError } from '../ownership-errors.ts';
import type { LeaseEnforcer } from './lease-enforcer.ts';
import script from './watchdog.sh';

/** How long the process may take to begin, in milliseconds. */
const patience = 5000;

/** A small process of its own session that reads the lease file. It is looked for, and started again, at each lease. */
export function watchdogEnforcer(config: RigConfig): LeaseEnforcer {
  const file = leaseFile(config);
  return {
    kind: 'watchdog',
    async arm({ boot }) {
      if (await watches(file)) return;
      const argv = ['-c', script, 'loops-watchdog', file, tmuxSocket(config), boot];
      const child = spawn('sh', argv, { detached: true, stdio: 'ignore', cwd: '/' });
      child.once('error', () => undefined);
      child.unref();
      const end = performance.now() + patience;
      while (!(await watches(file))) {
        if (performance.now() > end)
          throw new LeaseUnenforcedError('the watchdog process did not begin; it needs sh, flock and grep');
        await delay(20);
      }
    },
  };
}

/** Whether a watchdog of this lease file is alive, and is not stopped. */
async function watches(file: string): Promise<boolean> {
  const pid = (await unlessAbsent(readFile(`${file}.pid`, 'utf8')))?.trim();
  if (pid === undefined || !/^\d+$/.test(pid)) return false;
  const [commandLine, stat] = await Promise.all([
    unlessAbsent(readFile(`/proc/${pid}/cmdline`, 'latin1')),
    unlessAbsent(readFile(`/proc/${pid}/stat`, 'latin1')),
  ]);
  if (commandLine === undefined || stat === undefined) return false;
  const state = stat.charAt(stat.lastIndexOf(')') + 2);
  return commandLine.split('\0').includes(Buffer.from(file).toString('latin1')) && !'TtZX'.includes(state);
}
