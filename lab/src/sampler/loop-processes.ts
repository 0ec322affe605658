import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { loopDevices } from '../daemon/loop-devices.ts';
import { parseMounts } from '../mounts.ts';
import { gone } from '../processes.ts';

/** A loop's process on one of the lab's instances. */
export interface LoopProcess {
  /** The instance's folder in the pool: its name, or `PROJECT_NAME` outside the default project. */
  readonly instance: string;
  readonly role: string;
  /** Its number on this machine. */
  readonly pid: number;
}

/**
 * `agent.mjs --role builder` and so on: the loops, and not the orchestrator session. A real agent has in its command line that
 * it is to do `agent step builder`, and so has what it runs.
 */
const loop = /\bagent(?:\.mjs\0--role\0|(?:\.mjs)?[ \0]step[ \0])(builder|adversary|watchdog)\b/;

/**
 * Looks for loop processes as this machine's kernel sees them, in whatever container they are: needs no connection, and
 * nothing inside that could be stopped, masked or unreachable. `folder` is the lab's: its storage pools are loop devices on files
 * in it.
 */
export function loopScanner(folder: string): () => LoopProcess[] {
  const ownNamespace = readlinkSync('/proc/self/ns/pid');
  const instances = new Map<string, string | undefined>();
  const outside = new Map<string, number>();
  let round = 0;

  return () => {
    round += 1;
    const found: LoopProcess[] = [];
    for (const name of readdirSync('/proc')) {
      const first = name.charCodeAt(0);
      if (first < 48 || first > 57) continue;
      // Processes of no container are most of all; a look each second finds a number that was given out again.
      const checked = outside.get(name);
      if (checked !== undefined && round - checked < 10) continue;
      const process = inspect(name);
      if (process === 'outside') outside.set(name, round);
      else if (process !== undefined) found.push(process);
    }
    if (round % 100 === 0) outside.clear();
    return found;
  };

  function inspect(pid: string): LoopProcess | 'outside' | undefined {
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/pid`);
      if (namespace === ownNamespace) return 'outside';
      const role = loop.exec(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))?.[1];
      if (role === undefined) return undefined;
      if (!instances.has(namespace)) instances.set(namespace, instanceOf(pid, folder));
      const instance = instances.get(namespace);
      return instance === undefined ? undefined : { instance, role, pid: Number(pid) };
    } catch (error) {
      // It ended while it was looked at.
      return gone(error);
    }
  }
}

/** The instance whose root file system the process has, where that lies on a loop device of the lab in `folder`. */
function instanceOf(pid: string, folder: string): string | undefined {
  const mounts = parseMounts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
  // `/containers/pi/rootfs` in the file system of the pool.
  const root = mounts.find(({ point }) => point === '/');
  if (root === undefined || !loopDevices(folder).includes(root.source)) return undefined;
  return basename(root.root.replace(/\/rootfs$/, ''));
}
