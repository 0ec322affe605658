import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { liveLeases, takeLease } from '../../src/leases.ts';
import { parseMount } from '../../src/mounts.ts';
import { endProcesses, identify, isAlive, processesOf } from '../../src/processes.ts';

/** A process that has its folder in its command line and ignores TERM. */
async function stubborn(folder: string) {
  const program = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')";
  const child = spawn(process.execPath, ['-e', program, `${folder}/incus`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe('processes', () => {
  it('are found by the folder that they bear, and ended even where they ignore TERM', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cutover-processes-'));
    const child = await stubborn(folder);
    expect(await processesOf(folder)).toEqual([child.pid]);
    expect(await processesOf(`${folder}x`)).toEqual([]);
    await endProcesses(await processesOf(folder), 50);
    expect(await processesOf(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it('are not mistaken for a later one with their number', async () => {
    const self = await identify(process.pid);
    expect(self === undefined ? false : await isAlive(self)).toBe(true);
    expect(await isAlive({ pid: process.pid, startTime: '1' })).toBe(false);
  });

  it('reads mount points with blanks in their names', () => {
    const line = '47 27 0:51 / /srv/a\\040b rw,relatime shared:7 master:1 - btrfs /dev/loop1 rw';
    expect(parseMount(line)).toEqual({ point: '/srv/a b', source: '/dev/loop1', root: '/' });
    expect(parseMount('')).toBeUndefined();
  });
});

describe('leases', () => {
  it('end with their process', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cutover-leases-'));
    await takeLease(folder);
    const holders = await liveLeases(folder);
    expect(holders.map(({ pid }) => pid)).toEqual([process.pid]);
    await rm(folder, { recursive: true });
    expect(await liveLeases(folder)).toEqual([]);
  });
});
