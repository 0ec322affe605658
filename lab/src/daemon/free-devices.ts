import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@cutover/host';
import { isAlive } from '../processes.ts';
import { loopDevices } from './loop-devices.ts';
import { holdersOf, unmountElsewhere } from './mount-holders.ts';
import { type PinnedDevice, readPinned, writePinned } from './pinned-record.ts';

/** How long the kernel is given to let go of a device after the last process of an ended container, in milliseconds. */
const patience = 10_000;
/** The same for a device that a process holds which is not the lab's, or that stayed in use the last time. */
const patienceWhenPinned = 1_000;

/**
 * Detaches the loop devices of the lab in `folder`, of which nothing runs any more and nothing is mounted here.
 * @returns those that stay in use: the kernel detaches each when its last user ends.
 */
export async function freeDevices(machine: Host, folder: string): Promise<PinnedDevice[]> {
  const devices = loopDevices(folder);
  const earlier = (await readPinned(folder)).filter(({ device }) => devices.includes(device));
  const holders = [...earlier.flatMap((pinned) => pinned.holders), ...(await holdersOf(devices))];
  await unmountElsewhere(folder);
  const known = earlier.length > 0 || holders.length > 0;
  const left = await detach(machine, folder, known ? patienceWhenPinned : patience);
  const alive = await Promise.all(holders.map(isAlive));
  const living = new Map(holders.filter((_, index) => alive[index]).map((holder) => [holder.pid, holder]));
  const pinned = left.map((device) => ({
    device,
    holders: [...living.values()].filter((holder) => holder.devices.includes(device)),
  }));
  await writePinned(folder, pinned);
  return pinned;
}

/** @returns the devices that are still there after so many milliseconds. */
async function detach(machine: Host, folder: string, within: number): Promise<string[]> {
  const deadline = performance.now() + within;
  for (;;) {
    const devices = loopDevices(folder);
    if (devices.length === 0 || performance.now() > deadline) return devices;
    // What is in use is not detached now, but marked to be detached at its last use.
    for (const device of devices)
      await machine.run(['losetup', '--detach', device], { reject: false, timeout: 10_000 });
    await sleep(50);
  }
}

/** One line that says which devices stay in use, by whom, and what comes of it. */
export function describePinned(folder: string, pinned: readonly PinnedDevice[]): string {
  const holders = new Map(
    pinned.flatMap((device) => device.holders).map(({ pid, command }) => [pid, `${pid} (${command})`]),
  );
  const devices = pinned.map(({ device }) => device).join(', ');
  const verb = pinned.length === 1 ? 'stays' : 'stay';
  return holders.size === 0
    ? `${devices} of the lab in ${folder} ${verb} in use, and no process has it mounted: the kernel frees it when the process ends that has one of its files open`
    : `${devices} of the lab in ${folder} ${verb} in use until process ${[...holders.values()].join(', ')} ends, which has it mounted in a mount namespace of its own (/proc/PID/mountinfo shows it)`;
}
