import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { afterAll, describe, expect, it } from 'vitest';
import { foldersIn, labFolders } from '../../src/folders.ts';
import { destroyLab, type Lab, openLab } from '../../src/index.ts';
import { lock } from '../../src/lock.ts';
import { mountsOf } from '../../src/mounts.ts';
import { readRecord, writeRecord } from '../../src/record.ts';
import { emptyBox, sleepingBox } from '../incus-client/box.ts';
import { daemonOf } from './daemon-of.ts';
import { killedOwner } from './killed-owner.ts';
import { sleeper } from './sleeper.ts';
import { nothing, traces } from './traces.ts';

/** A program that copies the mounts of the lab's daemon, which nothing but this does, and works in one of its pools. */
async function pin(lab: Lab) {
  const pool = join(lab.folders.incus, 'storage-pools', 'lab');
  const daemon = await daemonOf(lab);
  return sleeper(['nsenter', `--target=${daemon}`, '--mount', `--wdns=${pool}`, 'unshare', '--mount']);
}

describe('a lab beside another', { timeout: 300_000 }, () => {
  const name = `test-${process.pid}`;
  const { root, id, incus } = labFolders(name);
  const folders = foldersIn(root, id);
  const warnings: string[] = [];
  const open = () => openLab({ name, onWarning: (text) => warnings.push(text) });
  afterAll(() => destroyLab(name));

  it('has its own daemon and subnet, outlives kill -9 of its daemon, and leaves nothing running', async () => {
    {
      await using usual = await openLab();
      await using other = await openLab({ name });
      expect(other.subnet).not.toBe(usual.subnet);
      const before = await daemonOf(other);
      expect(before).not.toBe(await daemonOf(usual));

      const { name: survivor } = await sleepingBox(other);
      process.kill(before, 'SIGKILL');
      // This process still has its lease: as after a crash of the daemon alone, the next one starts it again.
      await using again = await openLab({ name });
      expect(await daemonOf(again)).not.toBe(before);
      expect(await again.client.instances.exists(survivor)).toBe(true);
      await using machine = localHost();
      const addresses = (await machine.run(['ip', '-brief', '-4', 'address'])).stdout;
      expect(addresses).toMatch(new RegExp(`^cl${id}.* ${again.subnet.replace('.0/', '.1/')}`, 'm'));

      // A program that copies the mounts of this machine copies none of a lab's.
      expect((await traces(folders)).mounts).not.toEqual([]);
      const { pid } = await sleeper(['unshare', '--mount']);
      expect((await mountsOf(pid)).filter(({ point }) => point.startsWith(root))).toEqual([]);
    }
    expect(await traces(folders)).toEqual(nothing);
  });

  it('whose owner and daemon were both killed is taken down by the next process that opens any lab', async () => {
    await killedOwner(name);
    await using _usual = await openLab();
    // Another process that has opened a lab meanwhile may be at it still.
    await using _turn = await lock(id);
    expect(await traces(folders)).toEqual(nothing);
  });

  it('whose device a program keeps in use is given back with one warning, and works when it is opened again', async () => {
    let holder;
    {
      await using lab = await open();
      holder = await pin(lab);
    }
    const { loops, ...others } = await traces(folders);
    expect(others).toEqual({ processes: [], mounts: [], links: [] });
    expect(loops).toHaveLength(1);
    expect(warnings.splice(0)).toEqual([
      expect.stringContaining(
        `${loops[0]} of the lab in ${root} stays in use until process ${holder.pid} (sleep)`,
      ),
    ]);
    {
      await using again = await open();
      await emptyBox(again);
    }
    await holder.end();
    await expect.poll(() => traces(folders)).toEqual(nothing);
  });

  it('whose daemon no longer starts is made again', async () => {
    expect(existsSync(root)).toBe(true);
    await writeFile(join(incus, 'database', 'local.db'), 'no database');
    await using again = await open();
    expect(await again.client.instances.list()).toEqual([]);
    expect((await again.client.images.getAlias(again.imageAlias)).name).toBe(again.imageAlias);
  });

  it('whose checkout is gone is deleted by the next process that opens any lab, whatever still holds its device', async () => {
    const lab = await open();
    const holder = await pin(lab);
    await lab[Symbol.asyncDispose]();
    const record = await readRecord(folders);
    if (record === undefined) throw new Error('the lab has no record');
    await writeRecord(folders, { ...record, checkout: '/nonexistent' });
    warnings.length = 0;

    const usual = await openLab({ onWarning: (text) => warnings.push(text) });
    await usual[Symbol.asyncDispose]();
    // The process of another checkout may have been the next one.
    await expect.poll(() => existsSync(root)).toBe(false);
    for (const text of warnings.filter((one) => one.includes(root)))
      expect(text).toContain(`until process ${holder.pid} (sleep) ends`);
    await holder.end();
    await expect.poll(() => traces(folders)).toEqual(nothing);
  });
});
