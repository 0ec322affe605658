import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '@cutover/host';
import { findRigProcesses, provesStopped } from '@cutover/loops/safe-point';
import type { World } from '../world/world.ts';
import { oldClones, oldProcessesForRoot } from '../rig/rig.ts';

/** One process of the old rig: the start time tells it from another that is given its number later. */
export type SeenProcess = { readonly pid: number; readonly start: string; readonly command: string };

/** What of the old rig runs, and which of the config's patterns match nothing. */
export type SeenRig = {
  /** Nothing of it runs at all. */
  readonly down: boolean;
  readonly processes: readonly SeenProcess[];
  readonly unmatched: readonly string[];
  /** The socket of the ssh agent that a process of it was started with: what its git may reach the forge by. */
  readonly agent: string | null;
};

/** Milliseconds that a loop between two turns may take to be there again. */
const patience = 5000;
/** Milliseconds that what works in a clone for a moment may take: our own look at it, also that of a runner that was killed. */
const patienceInClones = 15_000;

/** Finds the old rig by what runs. A pattern that matches nothing proves nothing when it later matches nothing. */
export async function seeOldRig(world: World, signal: AbortSignal): Promise<SeenRig> {
  const end = performance.now() + patience;
  for (;;) {
    const seen = await look(world, signal);
    if (seen.down || seen.unmatched.length === 0 || performance.now() > end) return seen;
    await delay(250, undefined, { signal });
  }
}

async function look({ settings, old }: World, signal: AbortSignal): Promise<SeenRig> {
  const found = await findRigProcesses(old, oldProcessesForRoot(settings), signal);
  const pids = found.processes.map(({ pid }) => pid);
  const [starts, agent] = await Promise.all([startTimes(old, pids, signal), agentOf(old, pids, signal)]);
  const processes = found.processes.map(({ pid, commandLine }) => ({
    pid,
    start: starts.get(pid) ?? 'ended',
    command: commandLine.slice(0, 200),
  }));
  const sessions = new Set(found.sessions.map(({ session }) => session));
  const unmatched = [
    ...settings.old.processes
      .filter((text) => !found.processes.some(({ commandLine }) => commandLine.includes(text)))
      .map((text) => `processes: ${text}`),
    ...settings.old.tmuxSessions
      .filter((session) => !sessions.has(session))
      .map((session) => `tmuxSessions: ${session}`),
    ...(await missingUnits(old, settings.old.units, signal)).map((unit) => `units: ${unit}`),
  ];
  return { down: processes.length === 0 && sessions.size === 0, processes, unmatched, agent };
}

/** Whether nothing of the old rig is left, and what is. */
export interface OldStopped {
  readonly stopped: boolean;
  readonly remaining: readonly string[];
}

/**
 * What proves that the old rig is stopped: what was seen running is gone, and nothing like it is there. What works in a clone and
 * is known by nothing else is waited for: another step of ours may look at the clone at the same time, and so may the last
 * command of a runner that was killed.
 */
export async function proveOldStopped(
  world: World,
  seen: readonly SeenProcess[],
  signal: AbortSignal,
  waits: number = patienceInClones,
): Promise<OldStopped> {
  const end = performance.now() + waits;
  for (;;) {
    const found = await lookForStopped(world, seen, signal);
    if (found.stopped || !found.mayPass || performance.now() > end) return found;
    await delay(250, undefined, { signal });
  }
}

async function lookForStopped(
  { settings, old }: World,
  seen: readonly SeenProcess[],
  signal: AbortSignal,
): Promise<OldStopped & { readonly mayPass: boolean }> {
  const { cronMatch, user, units } = settings.old;
  const [proof, starts] = await Promise.all([
    provesStopped(old, {
      // Whatever works in a clone can commit and push from it.
      processes: { ...oldProcessesForRoot(settings), workingDirectories: oldClones(settings) },
      units,
      ...(cronMatch === undefined ? {} : { scheduled: [cronMatch], cronUsers: [user] }),
      signal,
    }),
    startTimes(
      old,
      seen.map(({ pid }) => pid),
      signal,
    ),
  ]);
  const alive = seen.filter(({ pid, start }) => starts.get(pid) === start);
  const remaining = [
    ...proof.remaining.map(({ kind, detail }) => `${kind}: ${detail}`),
    ...alive.map(({ pid, command }) => `process: ${pid} ${command}`),
  ];
  const isOfTheRig = (detail: string): boolean =>
    settings.old.processes.some((text) => detail.includes(text));
  const mayPass =
    alive.length === 0 &&
    proof.remaining.every(({ kind, detail }) => kind === 'process' && !isOfTheRig(detail));
  return { stopped: remaining.length === 0, remaining, mayPass };
}

async function startTimes(
  host: Host,
  pids: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  // Field 22 of /proc/PID/stat, counted after the name, which may hold anything. A zombie (Z) has ended: it waits for its parent.
  const script =
    'one() { [ "$1" = Z ] && return; shift 19; echo "$pid $1"; }; for pid; do stat=$(cat "/proc/$pid/stat" 2>/dev/null) && one ${stat##*) }; done; :';
  const { stdout } = await host.run(['sh', '-c', script, 'sh', ...pids.map(String)], { signal });
  return new Map(
    stdout
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([pid, start]) => (pid === undefined || start === undefined ? [] : [[Number(pid), start]])),
  );
}

/** Only that one variable: what else is in an environment may be secret. */
async function agentOf(host: Host, pids: readonly number[], signal: AbortSignal): Promise<string | null> {
  const script =
    'for pid; do tr "\\0" "\\n" <"/proc/$pid/environ" 2>/dev/null | sed -n "s/^SSH_AUTH_SOCK=//p"; done; :';
  const { stdout } = await host.run(['sh', '-c', script, 'sh', ...pids.map(String)], { signal });
  return stdout.split('\n').find((line) => line !== '') ?? null;
}

/** Units that systemd does not know, for instance because of a typo. */
async function missingUnits(host: Host, units: readonly string[], signal: AbortSignal): Promise<string[]> {
  const known = await Promise.all(
    units.map(async (unit) => {
      const show = ['systemctl', 'show', '--property=LoadState', '--value', '--', unit];
      return (await host.run(show, { signal })).stdout.trim() !== 'not-found';
    }),
  );
  return units.filter((_, index) => known[index] !== true);
}
