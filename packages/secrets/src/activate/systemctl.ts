import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What is asked of systemd; every list of units may be empty. */
export interface Systemctl {
  /** Rejects when one of the units does not do it; `queued` does not wait. */
  tell(verb: string, units: readonly string[], queued: boolean): Promise<void>;
  /** Those of the units that run. */
  running(units: readonly string[]): Promise<string[]>;
  /** Whether one of them starts only after the service that this process runs in, and that is starting itself. */
  startAfterUs(units: readonly string[]): Promise<boolean>;
}

/** The system's manager, or the user's own. */
export function systemctlOf(userMode: boolean): Systemctl {
  const manager = userMode ? ['--user'] : [];
  const systemctl = async (...args: readonly string[]): Promise<string> =>
    (await run('systemctl', [...manager, ...args])).stdout;
  const properties = async (name: string, units: readonly string[]): Promise<string[]> =>
    (await systemctl('show', `--property=${name}`, '--value', '--', ...units)).split(/\s+/);
  return {
    async tell(verb, units, queued) {
      if (units.length > 0) await systemctl(verb, ...(queued ? ['--no-block'] : []), '--', ...units);
    },
    async running(units) {
      if (units.length === 0) return [];
      // It prints a line for each unit, and ends with an error when one does not run.
      const stdout = await systemctl('is-active', '--', ...units).catch((error: unknown) => {
        if (error instanceof Error && 'stdout' in error && error.stdout !== '') return String(error.stdout);
        throw error;
      });
      const states = stdout.split('\n');
      return units.filter((_unit, index) => runs.has(states[index] ?? ''));
    },
    async startAfterUs(units) {
      const own = units.length === 0 ? undefined : await ownService();
      if (own === undefined || !(await properties('After', units)).includes(own)) return false;
      return (await properties('ActiveState', [own])).some((state) => starts.has(state));
    },
  };
}

const runs = new Set(['active', 'reloading', 'activating']);
const starts = new Set(['activating', 'reloading']);

/** The service that this process is of, by its control group. */
async function ownService(): Promise<string | undefined> {
  const groups = await readFile('/proc/self/cgroup', 'utf8');
  return [...groups.matchAll(/\/([^/\n]+\.service)(?=\/|$)/gm)].at(-1)?.[1];
}
