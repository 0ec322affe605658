import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { LeaseTimes } from './lease.ts';

/**
 * The lease as programs outside the supervisor read it, in one line: when what is left is killed and when the stop begins, in
 * whole seconds of /proc/uptime, whether this host holds the loops (`held`) or lost them (`lost`), and the boot.
 */
export interface LeaseRecord {
  readonly killAt: number;
  readonly stopAt: number;
  readonly state: 'held' | 'lost';
  readonly boot: string;
}

/** Where a rig's lease is written. */
export function leaseFile({ stateDir }: { readonly stateDir: string }): string {
  return join(stateDir, 'lease');
}

/** Seconds of /proc/uptime. */
export function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
}

/** A lease of the clock `now` comes from, as it is recorded. Fractions are dropped: a moment earlier is safe. */
export function recordOf(times: LeaseTimes, now: number, boot: string, up: number = uptime()): LeaseRecord {
  const at = (moment: number): number => Math.max(1, Math.floor(up + (moment - now) / 1000));
  return { killAt: at(times.killAt), stopAt: at(times.stopAt), state: 'held', boot };
}

export async function writeLease(path: string, { killAt, stopAt, state, boot }: LeaseRecord): Promise<void> {
  await writeFileDurably(path, `${killAt} ${stopAt} ${state} ${boot}\n`, { mode: 0o644 });
}

/** The lease that was recorded in this boot; `undefined` when there is none. */
export async function readLease(path: string, boot: string): Promise<LeaseRecord | undefined> {
  const text = (await unlessAbsent(readFile(path, 'utf8'))) ?? '';
  const [, killAt, stopAt, state, recorded] = /^(\d+) (\d+) (held|lost) (\S+)\n$/.exec(text) ?? [];
  if (recorded !== boot || (state !== 'held' && state !== 'lost')) return undefined;
  return { killAt: Number(killAt), stopAt: Number(stopAt), state, boot };
}
