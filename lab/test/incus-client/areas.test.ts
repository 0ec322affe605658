import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectIncus, filter, migrateInstance } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { type Box, emptyBox, sleepingBox } from './box.ts';
import { tinyImage } from './tiny-image.ts';

let lab: Lab;
let box: Box;
const unique = `incus-client-${process.pid}`;
beforeAll(async () => {
  lab = await openLab();
  box = await sleepingBox(lab);
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test('instances are filtered safely, and listed across projects', async () => {
  const { instances } = lab.client;
  expect(
    (await instances.list({ filter: filter`name eq ${box.name} and status eq ${'Running'}` })).map(
      ({ name }) => name,
    ),
  ).toEqual([box.name]);
  expect(await instances.list({ filter: filter`name eq ${'x" or name ne "'}` })).toEqual([]);
  const description = 'a "b", (c) $x.*  ü\\';
  await instances.patch(box.name, { description });
  expect(
    (await instances.list({ filter: filter`description eq ${description}` })).map(({ name }) => name),
  ).toEqual([box.name]);
  expect(await instances.list({ filter: filter`description eq ${'a.*'}` })).toEqual([]);
  expect((await instances.list({ allProjects: true })).some(({ name }) => name === box.name)).toBe(true);
  expect((await lab.client.project(lab.project).instances.list()).some(({ name }) => name === box.name)).toBe(
    false,
  );
});

test('an instance is changed, by patch, by modify and with an ETag', async () => {
  const { instances } = lab.client;
  await instances.patch(box.name, { config: { 'user.one': '1' } });
  const { etag } = await instances.getTagged(box.name);
  await Promise.all(
    Array.from({ length: 4 }, (_, index) =>
      instances.modify(box.name, ({ config }) => ({
        config: { ...config, [`user.m${index}`]: String(index) },
      })),
    ),
  );
  expect((await instances.get(box.name)).config).toMatchObject({
    'user.one': '1',
    'user.m0': '0',
    'user.m1': '1',
    'user.m2': '2',
    'user.m3': '3',
  });
  const stale = instances.update(box.name, { description: 'too late' }, { ifMatch: etag });
  await expect(Promise.resolve(stale)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
});

test('snapshots are made, restored and deleted; copies are made of them', async () => {
  await using empty = await emptyBox(lab);
  const { instances, files } = lab.client;
  const snapshots = instances.snapshots(empty.name);
  await files.write(empty.name, '/state', 'before');
  await snapshots.create({ name: 'one' });
  await files.write(empty.name, '/state', 'after');
  await snapshots.rename('one', 'first');
  await instances.copy(`${empty.name}/first`, `${unique}-copy`);
  await instances.rename(`${unique}-copy`, `${unique}-renamed`);
  // Not before: the daemon holds on to the old name's files for 15 s.
  expect((await files.read(`${unique}-renamed`, '/state')).toString()).toBe('before');
  await snapshots.restore('first');
  expect((await files.read(empty.name, '/state')).toString()).toBe('before');
  await instances.delete(`${unique}-renamed`);
  await snapshots.delete('first');
  expect(await snapshots.list()).toEqual([]);
});

test('an instance is rebuilt from an image', async () => {
  await using empty = await emptyBox(lab);
  const { instances, files } = lab.client;
  await instances.rebuild(empty.name, { type: 'image', alias: lab.imageAlias });
  expect((await files.read(empty.name, '/usr/lib/os-release')).toString()).toContain('Debian');
});

test('a backup goes out as a tarball and comes in as an instance', async () => {
  await using empty = await emptyBox(lab);
  const { instances, files } = lab.client;
  const backups = instances.backups(empty.name);
  await files.write(empty.name, '/state', 'kept');
  await backups.create({ name: 'b', compression_algorithm: 'none' });
  await backups.rename('b', 'c');
  await instances.importBackup(await backups.export('c'), { name: `${unique}-back` });
  expect((await files.read(`${unique}-back`, '/state')).toString()).toBe('kept');
  await instances.delete(`${unique}-back`);
  await backups.delete('c');
  expect(await backups.list()).toEqual([]);
});

test('metadata, templates and logs are read', async () => {
  const metadata = lab.client.instances.metadata(box.name);
  await metadata.writeTemplate('cutover.tpl', 'hello {{ container.name }}');
  expect(await metadata.listTemplates()).toContain('cutover.tpl');
  expect(await metadata.readTemplate('cutover.tpl')).toBe('hello {{ container.name }}');
  await metadata.deleteTemplate('cutover.tpl');
  await metadata.writeTemplate('50%.tpl', 'half');
  expect(await metadata.listTemplates()).toContain('50%.tpl');
  await metadata.deleteTemplate('50%.tpl');
  const logs = lab.client.instances.logs(box.name);
  expect(await logs.list()).toContain('lxc.log');
  expect(await logs.read('lxc.log')).toBeTypeOf('string');
  expect(await lab.client.console.log(box.name)).toBeInstanceOf(Buffer);
});

test('an image is imported from files, exported to the same bytes, given aliases, and deleted', async () => {
  const { images } = lab.client;
  const folder = await mkdtemp(join(tmpdir(), 'incus-image-'));
  try {
    const fingerprint = await images.import(await tinyImage(folder, unique), {
      aliases: [unique],
      properties: { os: 'none at all' },
    });
    expect((await images.getAlias(unique)).target).toBe(fingerprint);
    const names: string[] = [];
    for await (const part of images.export(fingerprint)) {
      names.push(part.name);
      for await (const _chunk of part.content);
    }
    expect(names).toEqual(['metadata', 'rootfs']);
    await images.renameAlias(unique, `${unique}-2`);
    await images.patch(fingerprint, { properties: { description: 'changed' } });
    const before = await images.get(fingerprint);
    expect(before.properties).toMatchObject({ description: 'changed' });
    await images.patch(fingerprint, { expires_at: '2040-01-02T03:04:05Z', properties: { release: 'one' } });
    const properties = { ...before.properties, release: 'one' };
    expect(await images.get(fingerprint)).toEqual({
      ...before,
      expires_at: '2040-01-02T03:04:05Z',
      properties,
    });
    await images.patch(fingerprint, { profiles: [] });
    expect(await images.get(fingerprint)).toMatchObject({ profiles: [], properties });
    const { etag } = await images.getTagged(fingerprint);
    await images.update(fingerprint, { public: true, properties }, { ifMatch: etag });
    await expect(images.patch(fingerprint, { public: false }, { ifMatch: etag })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    await images.delete(fingerprint);
    await expect(images.getAlias(`${unique}-2`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a project keeps what is its own, by way of profile, volume and deletion', async () => {
  const { projects } = lab.client;
  await projects.create({ name: unique, config: { 'features.images': 'false', 'limits.instances': '3' } });
  const inside = lab.client.project(unique);
  await inside.profiles.create({ name: 'p', config: { 'limits.memory': '128MiB' } });
  await inside.profiles.modify('p', () => ({ description: 'a profile' }));
  expect(await inside.profiles.get('p')).toMatchObject({
    description: 'a profile',
    config: { 'limits.memory': '128MiB' },
  });
  await expect(lab.client.profiles.get('p')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect((await projects.state(unique)).resources['instances']).toMatchObject({ Limit: 3, Usage: 0 });
  await inside.profiles.delete('p');
  await projects.delete(unique);
});

test('an instance moves to the same server as if to another, over its network', async () => {
  await using empty = await emptyBox(lab);
  await lab.client.files.write(empty.name, '/state', 'carried');
  await using twin = await connectIncus({ socketPath: lab.folders.socket });
  await migrateInstance(lab.client, empty.name, twin, { name: `${unique}-moved`, sourceUrl: lab.url });
  expect((await twin.files.read(`${unique}-moved`, '/state')).toString()).toBe('carried');
  await twin.instances.delete(`${unique}-moved`);
});

test('metrics, resources, warnings and a generic request answer', async () => {
  expect(await lab.client.server.metrics()).toContain('# EOF');
  expect((await lab.client.server.resources()).memory.total).toBeGreaterThan(1e8);
  expect(await lab.client.warnings.list()).toBeInstanceOf(Array);
  expect(await lab.client.request<readonly string[]>('GET', '/1.0/storage-pools')).toBeInstanceOf(Array);
  expect((await lab.client.cluster.get()).enabled).toBe(false);
  await expect(lab.client.server.requireExtension('no_such_extension')).rejects.toMatchObject({
    extension: 'no_such_extension',
  });
});

test('an abort gives up a call that waits', async () => {
  const aborting = new AbortController();
  setTimeout(() => aborting.abort(new Error('enough')), 100);
  const call = lab.client.request('GET', `/1.0/operations/x/wait`, {
    signal: AbortSignal.abort(new Error('at once')),
  });
  await expect(call).rejects.toThrow('at once');
  const session = await lab.client.exec.start(box.name, ['sleep', '100']);
  await expect(
    Promise.resolve(lab.client.operations.wait(session.operationId, { signal: aborting.signal })),
  ).rejects.toThrow('enough');
  await session[Symbol.asyncDispose]();
});
