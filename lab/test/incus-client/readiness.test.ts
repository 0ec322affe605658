import { NotReadyError, waitReady } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

async function withInstance(userData: string, use: (name: string) => Promise<void>) {
  const name = `incus-client-${process.pid}-${Math.trunc(performance.now())}`;
  await lab.client.instances.create({
    name,
    source: { type: 'image', alias: lab.imageAlias },
    config: { 'cloud-init.user-data': userData },
    start: true,
  });
  try {
    await use(name);
  } finally {
    await lab.client.instances.stop(name, { force: true });
    await lab.client.instances.delete(name);
  }
}

test('ready means an address, cloud-init done, systemd up and ssh answering, all by one deadline', async () => {
  await withInstance('#cloud-config\nwrite_files: [{path: /root/made, content: made}]\n', async (name) => {
    const seen: string[] = [];
    const facts = await waitReady(
      lab.client,
      name,
      {
        ipv4: true,
        nic: 'eth0',
        cloudInit: true,
        systemd: 'degraded',
        ssh: true,
        command: ['test', '-e', '/root/made'],
      },
      { timeout: 60_000, onProgress: (now) => seen.push(now.status ?? '') },
    );
    expect(facts).toMatchObject({
      status: 'Running',
      cloudInit: 'done',
      systemd: expect.stringMatching(/running|degraded/),
    });
    expect(facts.ipv4).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(facts.ssh).toMatch(/^SSH-2\.0/);
    expect(seen.length).toBeGreaterThan(0);

    // One deadline for all: what is met by then is seen, and what is not is named.
    const conditions = { ipv4: true, command: ['false'] };
    await expect(waitReady(lab.client, name, conditions, { timeout: 2_000 })).rejects.toMatchObject({
      code: 'NOT_READY',
      missing: ['command'],
      seen: { status: 'Running', ipv4: facts.ipv4 },
    });
  });
});

test('cloud-init that ended in error is not waited for; what it says is in the error', async () => {
  await withInstance('#cloud-config\nruncmd: [[false]]\n', async (name) => {
    const error: unknown = await waitReady(lab.client, name, { cloudInit: true }, { timeout: 60_000 }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NotReadyError);
    expect(error).toMatchObject({ missing: ['cloudInit'], seen: { cloudInit: 'error' } });
  });
});

test('cloud-init that is done with complaints is degraded, and passes where that is asked for', async () => {
  await withInstance('#cloud-config\nno_such_key: 1\n', async (name) => {
    await expect(waitReady(lab.client, name, { cloudInit: true }, { timeout: 60_000 })).rejects.toMatchObject(
      { seen: { cloudInit: 'degraded' } },
    );
    const { cloudInit, cloudInitErrors } = await waitReady(lab.client, name, { cloudInit: 'degraded' });
    expect(cloudInit).toBe('degraded');
    expect(cloudInitErrors?.join()).toContain('schema validation');
  });
});

test('an instance that is not there is not waited for', async () => {
  await expect(waitReady(lab.client, 'no-such-instance', { ipv4: true })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});
