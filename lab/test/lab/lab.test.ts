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
import { sleepingBox } from '../incus-client/box.ts';

/** What of a lab can be seen on this machine from outside: processes, mounts, loop devices, interfaces. */
async function traces({ folders: { root, id } }: Pick<Lab, 'folders'>) {
  await using machine = localHost();
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .filter((line) => line.includes(`${root}/`));
  const loops = (await machine.run(['losetup', '--list', '--noheadings', '--raw'])).stdout
    .split('\n')
    .filter((line) => line.includes(`${root}/`));
  const links = (await machine.run(['ip', '-brief', 'link'])).stdout
    .split('\n')
    .filter((line) => line.includes(`cl${id}`));
  return { processes: await processesOf(root), mounts, loops, links };
}

const nothing = { processes: [], mounts: [], loops: [], links: [] };
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
  afterAll(() => destroyLab(name));

  it('has its own daemon and subnet, outlives kill -9 of its daemon, and leaves nothing running', async () => {
    const folders = await (async () => {
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
      expect(addresses).toMatch(
        new RegExp(`^cl${again.folders.id}.* ${again.subnet.replace('.0/', '.1/')}`, 'm'),
      );
      return other.folders;
    })();
    expect(await traces({ folders })).toEqual(nothing);
  });

  it('all of whose users were killed is taken down by whoever opens another', async () => {
    const folders = await leaveBehind(name);
    await using _usual = await openLab();
    // Whoever else has opened one may be at it still.
    await using _turn = await lock(folders.id);
    expect(await traces({ folders })).toEqual(nothing);
  });

  it('whose daemon starts no more is made anew, and leaves nothing at all when it is destroyed', async () => {
    const { root, incus } = labFolders(name);
    expect(existsSync(root)).toBe(true);
    await writeFile(join(incus, 'database', 'local.db'), 'no database');
    {
      await using anew = await openLab({ name });
      expect(await anew.client.instances.list()).toEqual([]);
      expect((await anew.client.images.getAlias(anew.imageAlias)).name).toBe(anew.imageAlias);
    }
    await destroyLab(name);
    expect(existsSync(root)).toBe(false);
  });
});

/** Opens a lab and leaves it as a killed process leaves it: all up, and nobody has it. */
async function leaveBehind(name: string) {
  const lab = await openLab({ name });
  await sleepingBox(lab);
  expect((await traces(lab)).mounts).not.toEqual([]);
  const daemon = await daemonOf(lab);
  await lab.client.close();
  process.kill(daemon, 'SIGKILL');
  // As if this process had been killed: nobody has the lab, and nobody took it down. Others may sweep it up from now on.
  await using machine = localHost();
  await machine.run(['rm', '-r', lab.folders.leases]);
  return foldersIn(lab.folders.root, lab.folders.id);
}
