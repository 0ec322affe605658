import { readFile } from 'node:fs/promises';
import { sshHost } from '@cutover/host';
import { connectIncus } from '@cutover/incus-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { daemonOf } from './daemon-of.ts';

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
