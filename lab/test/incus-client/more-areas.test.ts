import { readFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { type Box, emptyBox, sleepingBox } from './box.ts';
import { tinyImage } from './tiny-image.ts';

let lab: Lab;
let box: Box;
beforeAll(async () => {
  lab = await openLab();
  box = await sleepingBox(lab);
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const has = async (extension: string) => (await lab.client.server.get()).api_extensions.includes(extension);

test('a command is recorded, and its output read and deleted', async () => {
  const logs = lab.client.instances.logs(box.name).execOutput;
  const { exitCode, stderr } = await lab.client.exec.record(box.name, ['sh', '-c', 'echo said >&2; exit 3']);
  expect(exitCode).toBe(3);
  expect(await logs.list()).toContain(stderr);
  expect(await logs.read(stderr ?? '')).toBe('said\n');
  // The same by the way that is there for everything.
  const path = `/1.0/instances/${box.name}/logs/exec-output/${stderr}`;
  expect((await lab.client.request<Buffer>('GET', path)).toString()).toBe('said\n');
  await logs.delete(stderr ?? '');
  expect(await logs.list()).not.toContain(stderr);
  expect((await lab.client.exec.record(box.name, ['not-there'])).exitCode).toBe(127);
  await expect(lab.client.exec.record(box.name, ['x'.repeat(200_000)])).rejects.toMatchObject({
    message: expect.stringContaining('argument list too long'),
  });
});

test('request() gives what is not JSON as it is, and errors as errors', async () => {
  expect((await lab.client.request<Buffer>('GET', '/1.0/metrics')).toString()).toContain('incus_');
  await expect(lab.client.request('GET', '/1.0/instances/none/logs/lxc.log')).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('all instances of a project change their state at once', async () => {
  const name = `icm${process.pid}`;
  await lab.client.projects.create({
    name,
    config: { 'features.images': 'false', 'features.profiles': 'false', 'features.storage.volumes': 'false' },
  });
  const { instances } = lab.client.project(name);
  try {
    for (const one of ['a', 'b'])
      await instances.create({
        name: one,
        source: { type: 'image', alias: lab.imageAlias },
        config: { 'raw.lxc': 'lxc.init.cmd = /bin/sleep infinity' },
      });
    await instances.setStateOfAll({ action: 'start', timeout: -1 });
    const states = async () => (await instances.list()).map(({ status }) => status);
    expect(await states()).toEqual(['Running', 'Running']);
    await instances.setStateOfAll({ action: 'stop', force: true, timeout: -1 });
    expect(await states()).toEqual(['Stopped', 'Stopped']);
  } finally {
    for (const { name: one } of await instances.list()) await instances.delete(one);
    await lab.client.projects.delete(name);
  }
});

test('who may do what, which addresses are taken, and what there is to configure', async () => {
  await using empty = await emptyBox(lab);
  expect(await lab.client.instances.access(empty.name)).toBeInstanceOf(Array);
  expect(await lab.client.projects.access('default')).toBeInstanceOf(Array);
  const allocations = await lab.client.networks.allocations({ allProjects: true });
  expect(allocations[0]).toMatchObject({
    addresses: expect.stringContaining('/'),
    used_by: expect.any(String),
  });
  const { configs } = await lab.client.server.configurationKeys();
  const keys = Object.values(configs['instance'] ?? {}).flatMap((group) => group.keys.flatMap(Object.keys));
  expect(keys).toContain('limits.memory');
});

test('an image is sent to another server by itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'incus-send-'));
  const name = `ics${process.pid}`;
  const from = lab.client;
  await from.projects.create({ name });
  const to = from.project(name);
  try {
    const fingerprint = await from.images.import(await tinyImage(folder, `sent ${process.pid}`));
    const secret = await to.images.createUploadSecret(fingerprint, { aliases: ['sent'] });
    await from.images.send(fingerprint, {
      server: lab.url,
      certificate: await readFile(lab.certificates.serverCertificate, 'utf8'),
      secret,
      project: name,
    });
    expect((await to.images.getAlias('sent')).target).toBe(fingerprint);
    await to.images.delete(fingerprint);
    await from.images.delete(fingerprint);
  } finally {
    await from.projects.delete(name);
    await rm(folder, { recursive: true });
  }
});

test('a launch makes an instance and starts it', async () => {
  const name = `icl${process.pid}`;
  const { instances } = lab.client;
  await instances.launch({
    name,
    source: { type: 'image', alias: lab.imageAlias },
    config: { 'raw.lxc': 'lxc.init.cmd = /bin/sleep infinity', 'user.cutover.throwaway': 'true' },
  });
  expect((await instances.get(name)).status).toBe('Running');
  await instances.stop(name, { force: true });
  await instances.delete(name);
});

test('an address set is made, changed and used by name', async ({ skip }) => {
  if (!(await has('network_address_set'))) skip('Incus 6.0 has none');
  const { addressSets } = lab.client.networks;
  const name = `icset${process.pid}`;
  await addressSets.create({ name, addresses: ['10.0.0.1'] });
  await addressSets.patch(name, { description: 'one address' });
  expect(await addressSets.get(name)).toMatchObject({ addresses: ['10.0.0.1'], description: 'one address' });
  await addressSets.rename(name, `${name}-2`);
  await addressSets.delete(`${name}-2`);
});
