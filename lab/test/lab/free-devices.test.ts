import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, localHost } from '@cutover/host';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describePinned, freeDevices } from '../../src/daemon/free-devices.ts';
import { loopDevices } from '../../src/daemon/loop-devices.ts';
import { mountsOf } from '../../src/mounts.ts';
import { sleeper } from './sleeper.ts';

/** A folder with a pool as the daemon makes it, mounted where every program of this machine sees it. */
async function pool(machine: Host) {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-pool-'));
  const [image, point] = [join(folder, 'pool.img'), join(folder, 'pool')];
  await mkdir(point, { mode: 0o711 });
  await machine.run(['truncate', '--size', '128M', image]);
  await machine.run(['mkfs.btrfs', '--quiet', image]);
  const device = (await machine.run(['losetup', '--find', '--show', image])).stdout.trim();
  await machine.run(['mount', device, point]);
  onTestFinished(() => rm(folder, { recursive: true }));
  return { folder, point, device };
}

/** A program that copies all mounts of this machine when it begins, with its working directory in `cwd`. */
const copyMounts = (cwd: string) => sleeper(['unshare', '--mount'], cwd);

describe('freeDevices', () => {
  it('frees a device that only the copied mounts of another program keep in use', async () => {
    await using machine = localHost();
    const { folder, point, device } = await pool(machine);
    const { pid } = await copyMounts('/');
    expect((await mountsOf(pid)).map(({ source }) => source)).toContain(device);
    await machine.run(['umount', point]);

    expect(await freeDevices(machine, folder)).toEqual([]);
    expect(loopDevices(folder)).toEqual([]);
    expect((await stat(point)).mode & 0o7777).toBe(0o711);
  });

  it('names the program that works in what it copied, and leaves the device to it', async () => {
    await using machine = localHost();
    const { folder, point, device } = await pool(machine);
    const { pid, end } = await copyMounts(point);
    await machine.run(['umount', '--lazy', point]);

    const pinned = await freeDevices(machine, folder);
    expect(pinned).toMatchObject([{ device, holders: [{ pid, command: 'sleep' }] }]);
    expect(describePinned(folder, pinned)).toContain(
      `${device} of the lab in ${folder} stays in use until process ${pid} (sleep) ends`,
    );
    // It is still known when that can no longer be seen, and not waited for.
    const started = performance.now();
    expect(await freeDevices(machine, folder)).toEqual(pinned);
    expect(performance.now() - started).toBeLessThan(5_000);
    // The kernel frees it with its last user.
    await end();
    await expect.poll(() => loopDevices(folder)).toEqual([]);
  });
});
