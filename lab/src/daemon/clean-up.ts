import { rm } from 'node:fs/promises';
import { type Host, localHost } from '@cutover/host';
import type { LabFolders } from '../folders.ts';
import { mountsOf, processesOn } from '../mounts.ts';
import { endProcesses, processesOf } from '../processes.ts';
import { readRecord } from '../record.ts';
import { describePinned, freeDevices } from './free-devices.ts';
import { loopDevices } from './loop-devices.ts';

/** Called with one line on what could not be cleaned up, by the lab whose folder it names. */
export type Warn = (text: string) => void;

/** No command of a clean-up takes longer; one that does is given up, in milliseconds. */
const limits = { reject: false, timeout: 10_000 };

/**
 * Takes down all that a lab runs, whatever state it is in: the daemon and its helpers, the containers' processes, mounts,
 * loop devices and the bridge. What is on disk stays, and a later start finds it. A device that another program keeps in use
 * is a warning: the kernel frees it when that program ends, and a later start of this lab uses it as it is.
 */
export async function takeDown(folders: LabFolders, warn: Warn): Promise<void> {
  await using machine = localHost();
  const record = await readRecord(folders);
  // The daemon first, so that it starts nothing more; its own way down takes seconds for each container.
  await endProcesses(await processesOf(folders.root));
  await endProcesses(await processesOn(new Set(loopDevices(folders.root))));
  // The daemon's mounts ended with its namespace; those here are of a lab that had none.
  for (const point of await mountsUnder(folders.root)) {
    const { exitCode } = await machine.run(['umount', point], limits);
    if (exitCode !== 0) await machine.run(['umount', '--lazy', point], limits);
  }
  const pinned = await freeDevices(machine, folders.root);
  if (pinned.length > 0) warn(describePinned(folders.root, pinned));
  if (record !== undefined) await deleteBridge(machine, record.bridge);
}

/** With its ports: that of an instance which was killed while it started has no namespace to go away with. */
async function deleteBridge(machine: Host, bridge: string): Promise<void> {
  const { exitCode, stdout } = await machine.run(['ip', '-json', 'link', 'show', 'master', bridge], limits);
  if (exitCode !== 0) return;
  const ports = JSON.parse(stdout || '[]') as { ifname: string }[];
  for (const { ifname } of ports) await machine.run(['ip', 'link', 'delete', ifname], limits);
  await machine.run(['ip', 'link', 'delete', bridge], limits);
}

/** Takes the lab down and deletes all it has on disk. */
export async function destroy(folders: LabFolders, warn: Warn): Promise<void> {
  await takeDown(folders, warn);
  await rm(folders.root, { recursive: true, force: true });
}

/** Mount points in `folder`, the innermost first. */
async function mountsUnder(folder: string): Promise<string[]> {
  return (await mountsOf('self'))
    .map(({ point }) => point)
    .filter((point) => point.startsWith(`${folder}/`))
    .toReversed();
}
