import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { sweep } from '../../src/leave.ts';
import { foldersIn, labFolders, labsFolder } from '../../src/folders.ts';
import { destroyLab, type Lab, openLab } from '../../src/index.ts';
import { mountsOf } from '../../src/mounts.ts';
import { readRecord, writeRecord } from '../../src/record.ts';
import { emptyBox } from '../incus-client/box.ts';
import { sleeper } from './sleeper.ts';
import { nothing, traces } from './traces.ts';

/** Copies the mounts of the lab's daemon, which nothing but this does, and works in one of its pools. */
async function pin(lab: Lab) {
  const daemon = (await lab.client.server.get()).environment?.server_pid ?? 0;
  const pool = join(lab.folders.incus, 'storage-pools', 'lab');
  return sleeper(['nsenter', `--target=${daemon}`, '--mount', `--wdns=${pool}`, 'unshare', '--mount']);
}

describe('a lab whose device another program keeps in use', { timeout: 300_000 }, () => {
  const name = `pinned-${process.pid}`;
  const folders = labFolders(name);
  const warnings: string[] = [];
  const open = () => openLab({ name, onWarning: (text) => warnings.push(text) });
  afterAll(() => destroyLab(name));

  it('cannot come to be by a program that copies the mounts of this machine', async () => {
    {
      await using lab = await open();
      await emptyBox(lab);
      expect((await traces(folders)).mounts).not.toEqual([]);
      const { pid } = await sleeper(['unshare', '--mount']);
      expect((await mountsOf(pid)).filter(({ point }) => point.startsWith(folders.root))).toEqual([]);
    }
    expect(await traces(folders)).toEqual(nothing);
    expect(warnings).toEqual([]);
  });

  it('is given back with one warning that names the program, and works when it is opened again', async () => {
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
        `${loops[0]} of the lab in ${folders.root} stays in use until process ${holder.pid} (sleep)`,
      ),
    ]);
    {
      await using again = await open();
      await emptyBox(again);
    }
    await holder.end();
    await expect.poll(() => traces(folders)).toEqual(nothing);
  });

  it('is deleted as far as it can be when its checkout is gone, and is in the way of no other lab', async () => {
    const lab = await open();
    const holder = await pin(lab);
    await lab[Symbol.asyncDispose]();
    const record = await readRecord(folders);
    if (record === undefined) throw new Error('the lab has no record');
    await writeRecord(folders, { ...record, checkout: '/nonexistent' });
    warnings.length = 0;

    const usual = await openLab({ onWarning: (text) => warnings.push(text) });
    await usual[Symbol.asyncDispose]();
    expect(warnings.filter((text) => text.includes(folders.root))).toEqual([
      expect.stringContaining(`until process ${holder.pid} (sleep) ends`),
    ]);
    expect(existsSync(folders.root)).toBe(false);
    await holder.end();
    await expect.poll(() => traces(folders)).toEqual(nothing);
  });
});

describe('sweep', () => {
  it('says in one line what it cannot clean up, and fails for none of it', async () => {
    const id = randomBytes(4).toString('hex');
    const { root, leases } = foldersIn(join(labsFolder(), `lab-${id}`), id);
    await mkdir(root);
    onTestFinished(() => rm(root, { recursive: true }));
    await writeFile(leases, 'not a folder');
    const warnings: string[] = [];
    await sweep(labFolders('').id, (text) => warnings.push(text));
    expect(warnings.filter((text) => text.includes(root))).toEqual([
      expect.stringContaining(`the unused lab in ${root} could not be cleaned up: Error: ENOTDIR`),
    ]);
  });
});
