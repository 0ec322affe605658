import { localHost } from '@cutover/host';
import { loopDevices } from '../../src/daemon/loop-devices.ts';
import type { LabFolders } from '../../src/folders.ts';
import { foreignMounts, mountsOf } from '../../src/mounts.ts';
import { allPids, processesOf } from '../../src/processes.ts';

/** What of a lab can be seen on this machine from outside: processes, mounts in any namespace, loop devices, interfaces. */
export async function traces({ root, id }: LabFolders) {
  await using machine = localHost();
  const elsewhere = await Promise.all((await allPids()).map(foreignMounts));
  const points = [...(await mountsOf('self')), ...elsewhere.flat()].map(({ point }) => point);
  const links = (await machine.run(['ip', '-brief', 'link'])).stdout
    .split('\n')
    .filter((line) => line.includes(`cl${id}`));
  return {
    processes: await processesOf(root),
    mounts: [...new Set(points.filter((point) => point.includes(`${root}/`)))],
    loops: loopDevices(root),
    links,
  };
}

/** The traces of a lab that is down. */
export const nothing = { processes: [], mounts: [], loops: [], links: [] };
