import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost, sshHost } from '@cutover/host';
import { connectIncus } from '@cutover/incus-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldersIn, labFolders } from '../../src/folders.ts';
import { destroyLab, type Lab, openLab } from '../../src/index.ts';
import { lock } from '../../src/lock.ts';
import { processesOf } from '../../src/processes.ts';
import { killedOwner } from './killed-owner.ts';
import { nothing, traces } from './traces.ts';
import { sleepingBox } from '../incus-client/box.ts';

const daemonOf = async ({ folders, client }: Lab) => {
  const environment = (await client.server.get()).environment ?? { server_pid: 0 };
  expect(await processesOf(folders.root)).toContain(environment.server_pid);
  return environment.server_pid;
};

describe('the lab', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it('is adopted by the next who opens it, and stays for those who still have it', async () => {
    {
      await using second = await openLab();
      expect(await daemonOf(second)).toBe(await daemonOf(lab));
    }
    expect(await daemonOf(lab)).toBeGreaterThan(0);
  });

  it('launches an instance that is ready: address, ssh with a pinned key, systemd up, Node and Nix in it', async () => {
    const box = await lab.launch('lab-ready');
    await using ssh = sshHost(box.ssh);
    expect((await ssh.run(['hostname'])).stdout.trim()).toBe(box.name);
    expect((await box.host.run(['systemctl', 'is-system-running'])).stdout.trim()).toBe('running');
    expect((await ssh.run(['nix', '--version'])).stdout).toContain('Nix');
    expect((await ssh.run(['node', '--version'])).stdout).toMatch(/^v2\d/);
    expect((await ssh.run(['getent', 'hosts', 'lab-of-no-name'], { reject: false })).exitCode).toBe(2);

    // And is gone when it is disposed of.
    await box[Symbol.asyncDispose]();
    expect(await lab.client.instances.exists(box.name)).toBe(false);
  });

  it('lets its client certificate see the one project and no other, with the image alias in it', async () => {
    const { certificate, key, serverCertificate } = lab.certificates;
    const [cert, keyText, serverCert] = await Promise.all(
      [certificate, key, serverCertificate].map((file) => readFile(file, 'utf8')),
    );
    await using client = await connectIncus({
      url: lab.url,
      cert: cert ?? '',
      key: keyText ?? '',
      serverCert: serverCert ?? '',
      project: lab.project,
    });
    expect((await client.images.getAlias(lab.imageAlias)).name).toBe(lab.imageAlias);
    await expect(client.project('default').instances.list()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('a lab beside another', { timeout: 300_000 }, () => {
  const name = `test-${process.pid}`;
  const { root, id, incus } = labFolders(name);
  const folders = foldersIn(root, id);
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

  it('whose daemon no longer starts is made again, and leaves nothing at all when it is destroyed', async () => {
    expect(existsSync(root)).toBe(true);
    await writeFile(join(incus, 'database', 'local.db'), 'no database');
    {
      await using again = await openLab({ name });
      expect(await again.client.instances.list()).toEqual([]);
      expect((await again.client.images.getAlias(again.imageAlias)).name).toBe(again.imageAlias);
    }
    await destroyLab(name);
    expect(existsSync(root)).toBe(false);
  });
});
