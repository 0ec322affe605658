import { NotReadyError, connectIncus, waitReady } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { emptyBox, sleepingBox } from './box.ts';

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

test("the address is that of a NIC of the instance's devices, whatever else the guest makes", async () => {
  await using box = await sleepingBox(lab);
  const guest = (script: string) => lab.client.exec.run(box.name, ['sh', '-c', script]);
  // As Docker does: a bridge with an address before the guest has its own.
  await guest(
    'ip link add docker0 type bridge && ip addr add 172.17.0.1/16 dev docker0 && ip link set docker0 up',
  );
  await expect(waitReady(lab.client, box.name, { ipv4: true }, { timeout: 2_000 })).rejects.toMatchObject({
    missing: ['ipv4'],
  });
  await guest('ip addr add 10.222.0.7/24 dev eth0');
  expect(await waitReady(lab.client, box.name, { ipv4: true })).toMatchObject({
    ipv4: '10.222.0.7',
    nic: 'eth0',
  });
  expect(await waitReady(lab.client, box.name, { ipv4: true, nic: 'docker0' })).toMatchObject({
    ipv4: '172.17.0.1',
    nic: 'docker0',
  });
  await expect(
    waitReady(lab.client, box.name, { agent: true, command: ['false'] }, { timeout: 1_000 }),
  ).rejects.toMatchObject({ missing: ['command'], seen: { agent: true } });
});

test('an instance that nobody starts is refused, and one that is being started is waited for', async () => {
  await using box = await emptyBox(lab);
  const started = performance.now();
  await expect(waitReady(lab.client, box.name, { ipv4: true })).rejects.toMatchObject({
    code: 'NOT_READY',
    message: expect.stringContaining('is stopped; start it first'),
    seen: { status: 'Stopped' },
  });
  expect(performance.now() - started).toBeLessThan(30_000);
  await using running = await sleepingBox(lab);
  await lab.client.instances.stop(running.name, { force: true });
  const waiting = waitReady(lab.client, running.name, { agent: true });
  await lab.client.instances.start(running.name);
  expect(await waiting).toMatchObject({ status: 'Running', agent: true });
});

test('why the guest could not be asked is told, and a client that was closed is not waited with', async () => {
  await using box = await sleepingBox(lab);
  await expect(
    waitReady(lab.client, box.name, { command: ['x'.repeat(200_000)] }, { timeout: 3000 }),
  ).rejects.toMatchObject({
    code: 'NOT_READY',
    message: expect.stringContaining('argument list too long'),
    cause: expect.objectContaining({ name: 'OperationError' }),
  });
  const client = await connectIncus({ socketPath: lab.folders.socket });
  const waiting = waitReady(client, box.name, { command: ['false'] });
  setTimeout(() => void client.close(), 300);
  // As it was between two commands, or amid one.
  await expect(waiting).rejects.toMatchObject({
    code: expect.stringMatching(/^(CONNECTION|OPERATION)_LOST$/),
  });
});

test('an instance that is not there is not waited for', async () => {
  await expect(waitReady(lab.client, 'no-such-instance', { ipv4: true })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});
