import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Host, localHost } from '@cutover/host';
import type { LabFolders } from '../folders.ts';
import { endProcesses, parseMount, processesOf, processesOn } from '../processes.ts';
import { readRecord } from '../record.ts';

/**
 * Takes down all that a lab runs, whatever state it is in: the daemon and its helpers, the containers' processes, mounts,
 * loop devices and the bridge. What is on disk stays, and a later start finds it.
 */
export async function takeDown(folders: LabFolders): Promise<void> {
  await using machine = localHost();
  const record = await readRecord(folders);
  const loops = await loopDevices(folders);
  // The daemon first, so that it starts nothing anew; its own way down takes seconds for each container.
  await endProcesses(await processesOf(folders.root));
  await endProcesses(await processesOn(new Set(loops)));
  for (const point of await mountsUnder(folders.root)) {
    await machine.run(['umount', point], { reject: false }).then(async ({ exitCode }) => {
      if (exitCode !== 0) await machine.run(['umount', '--lazy', point]);
    });
  }
  await detachLoops(machine, folders);
  if (record !== undefined) await deleteBridge(machine, record.bridge);
}

/** With its ports: that of an instance which was killed while it started has no namespace to go away with. */
async function deleteBridge(machine: Host, bridge: string): Promise<void> {
  const { exitCode, stdout } = await machine.run(['ip', '-json', 'link', 'show', 'master', bridge], {
    reject: false,
  });
  if (exitCode !== 0) return;
  const ports = JSON.parse(stdout || '[]') as { ifname: string }[];
  for (const { ifname } of ports) await machine.run(['ip', 'link', 'delete', ifname], { reject: false });
  await machine.run(['ip', 'link', 'delete', bridge], { reject: false });
}

/** The kernel lets go of a device once the last mount namespace of an ended container is gone, a moment after its processes. */
async function detachLoops(machine: Host, folders: LabFolders): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const devices = await loopDevices(folders);
    if (devices.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(
        `${devices.join(', ')} of the lab in ${folders.root} is still in use: see \`fuser -vm\` for by whom`,
      );
    }
    // Detaching what is in use has it detached at its last use.
    for (const device of devices) await machine.run(['losetup', '--detach', device], { reject: false });
    await sleep(50);
  }
}

/** Takes the lab down and deletes all it has on disk. */
export async function destroy(folders: LabFolders): Promise<void> {
  await takeDown(folders);
  await rm(folders.root, { recursive: true, force: true });
}

/** Mount points in `folder`, the innermost first. */
async function mountsUnder(folder: string): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map(parseMount);
  return mounts
    .map((mount) => mount?.point ?? '')
    .filter((point) => point.startsWith(`${folder}/`))
    .toReversed();
}

/** Loop devices whose backing file lies in the lab's folder, mounted or not. */
async function loopDevices(folders: LabFolders): Promise<string[]> {
  await using machine = localHost();
  const { stdout } = await machine.run([
    'losetup',
    '--list',
    '--noheadings',
    '--raw',
    '--output',
    'NAME,BACK-FILE',
  ]);
  return stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, file]) => file?.startsWith(`${folders.root}/`))
    .map(([name = '']) => name);
}
