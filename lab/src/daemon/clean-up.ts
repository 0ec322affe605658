import { readFile, rm } from 'node:fs/promises';
import { localHost } from '@cutover/host';
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
  for (const device of await loopDevices(folders)) await machine.run(['losetup', '--detach', device]);
  if (record !== undefined) await machine.run(['ip', 'link', 'delete', record.bridge], { reject: false });
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
