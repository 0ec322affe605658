import { connectIncus, migrateVolume } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pool } from '../../src/daemon/settings.ts';
import { type Lab, openLab } from '../../src/index.ts';

let lab: Lab;
const unique = `incus-client-${process.pid}`;
beforeAll(async () => {
  lab = await openLab();
  await lab.client.storagePools.create({ name: unique, driver: 'dir' });
});
afterAll(async () => {
  for (const name of await customs(unique)) await lab.client.storagePools.volumes(unique).delete(name);
  await lab.client.storagePools.delete(unique);
  await lab[Symbol.asyncDispose]();
});

/** Names of custom volumes; a list has their snapshots as well. */
async function customs(of: string, client: Pick<Lab['client'], 'storagePools'> = lab.client) {
  const all = await client.storagePools.volumes(of).list();
  return all.flatMap(({ type, name }) => (type === 'custom' && !name.includes('/') ? [name] : [])).sort();
}

test('a volume is changed, renamed, and copied and moved within a pool and between pools', async () => {
  const here = lab.client.storagePools.volumes(pool);
  const there = lab.client.storagePools.volumes(unique);
  const name = `${unique}-v`;
  await here.create({ name, description: 'a volume', config: { 'user.kept': 'yes' } });
  await here.modify(name, () => ({ description: 'changed' }));
  await here.patch(name, { config: { 'user.added': 'too' } });
  await here.rename(name, `${name}2`);
  expect(await here.get(`${name}2`)).toMatchObject({
    description: 'changed',
    config: { 'user.kept': 'yes', 'user.added': 'too' },
  });
  await here.snapshots(`${name}2`).create({ name: 's' });
  await here.copy(`${name}2`, `${name}3`);
  expect(await here.snapshots(`${name}3`).list()).toHaveLength(1);
  await there.copy(`${name}2`, 'bare', { sourcePool: pool, volumeOnly: true, config: { 'user.new': '1' } });
  expect(await there.snapshots('bare').list()).toEqual([]);
  expect((await there.get('bare')).config).toMatchObject({ 'user.new': '1' });
  await there.copy(`${name}2/s`, 'of-snapshot', { sourcePool: pool });
  await here.move(`${name}2`, { name: 'moved', pool: unique });
  expect(await there.snapshots('moved').get('s')).toMatchObject({ name: 's' });
  expect((await there.get('moved')).config).toMatchObject({ 'user.kept': 'yes' });
  expect(await customs(unique)).toEqual(['bare', 'moved', 'of-snapshot']);
  await here.delete(`${name}3`);
  expect((await customs(pool)).filter((one) => one.startsWith(name))).toEqual([]);
});

test('a volume is copied and moved between projects', async () => {
  const volumes = lab.client.storagePools.volumes(unique);
  await lab.client.projects.create({ name: unique, config: { 'features.images': 'false' } });
  const inside = lab.client.project(unique);
  await volumes.create({ name: 'from', description: 'a volume' });
  await inside.storagePools.volumes(unique).copy('from', 'copy', { sourceProject: 'default' });
  await volumes.move('from', { project: unique });
  expect(await customs(unique, inside)).toEqual(['copy', 'from']);
  expect(await customs(unique)).not.toContain('from');
  for (const name of ['copy', 'from']) await inside.storagePools.volumes(unique).delete(name);
  await lab.client.projects.delete(unique);
});

test('snapshots of a volume are made, described, renamed, restored and deleted', async () => {
  const volumes = lab.client.storagePools.volumes(unique);
  await volumes.create({ name: 'snapped' });
  const snapshots = volumes.snapshots('snapped');
  const expires = '2040-01-01T00:00:00Z';
  await snapshots.create({ name: 'one', expires_at: expires });
  await snapshots.update('one', { description: 'the first', expires_at: expires });
  await snapshots.rename('one', 'first');
  expect(await snapshots.get('first')).toMatchObject({ description: 'the first', expires_at: expires });
  expect((await snapshots.list()).map(({ name }) => name)).toEqual(['first']);
  await snapshots.restore('first');
  await snapshots.delete('first');
  expect(await snapshots.list()).toEqual([]);
  await expect(snapshots.restore('first')).rejects.toMatchObject({ name: 'IncusApiError' });
});

test('a backup of a volume goes out as a tarball and comes in as a volume, with its snapshots or without', async () => {
  const volumes = lab.client.storagePools.volumes(unique);
  await volumes.create({ name: 'kept', description: 'to be kept' });
  await volumes.snapshots('kept').create({ name: 's' });
  const backups = volumes.backups('kept');
  await backups.create({ name: 'b', compression_algorithm: 'none' });
  await backups.create({ name: 'bare', compression_algorithm: 'none', volume_only: true });
  await backups.rename('b', 'c');
  expect(await backups.get('c')).toMatchObject({ name: 'c', volume_only: false });
  await volumes.importBackup(await backups.export('c'), { name: 'back' });
  await volumes.importBackup(await backups.export('bare'), { name: 'bare-back' });
  expect(await volumes.get('back')).toMatchObject({ description: 'to be kept' });
  expect(await volumes.snapshots('back').list()).toHaveLength(1);
  expect(await volumes.snapshots('bare-back').list()).toEqual([]);
  await backups.delete('bare');
  expect((await backups.list()).map(({ name }) => name)).toEqual(['c']);
  await volumes.delete('kept');
});

test('an ISO image becomes a volume', async () => {
  const volumes = lab.client.storagePools.volumes(unique);
  await volumes.importIso('installer', Buffer.alloc(1024 * 1024, 'iso'));
  expect(await volumes.get('installer')).toMatchObject({ content_type: 'iso', config: { size: '1048576' } });
});

test('a volume moves to the same server as if to another, over its network; a refusal there is told at once', async () => {
  const volumes = lab.client.storagePools.volumes(unique);
  await volumes.create({ name: 'offered', description: 'carried' });
  await volumes.snapshots('offered').create({ name: 's' });
  await using twin = await connectIncus({ socketPath: lab.folders.socket });
  const place = (name: string) => ({ pool: unique, name });
  const options = { sourceUrl: lab.url };
  await migrateVolume(lab.client, place('offered'), twin, place('arrived'), options);
  expect(await volumes.get('arrived')).toMatchObject({ description: 'carried' });
  expect(await volumes.snapshots('arrived').list()).toHaveLength(1);
  await migrateVolume(lab.client, place('offered'), twin, place('alone'), { ...options, volumeOnly: true });
  expect(await volumes.snapshots('alone').list()).toEqual([]);
  await expect(
    migrateVolume(lab.client, place('offered'), twin, { pool: 'no-such-pool', name: 'x' }, options),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  // The sender is still waiting to be called.
  expect((await lab.client.operations.list()).map(({ description }) => description)).toContain(
    'Migrating storage volume',
  );
  await expect(migrateVolume(lab.client, place('offered'), twin, place('x'))).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
});

test('files of a volume are written and read, over their endpoint and by SFTP', async ({ skip }) => {
  const { api_extensions: extensions } = await lab.client.server.get();
  skip(!extensions.includes('file_storage_volume'), 'this daemon has no files of volumes');
  const { files, ...volumes } = lab.client.storagePools.volumes(unique);
  await volumes.create({ name: 'files' });
  await files.write('files', '/greeting', 'hello', { mode: 0o600, uid: 7 });
  expect(await files.stat('files', '/greeting')).toMatchObject({ mode: 0o600, uid: 7 });
  await using session = await files.sftp('files');
  await session.makeDirectory('/sub');
  await session.rename('/greeting', '/sub/greeting');
  expect((await files.read('files', '/sub/greeting')).toString()).toBe('hello');
});
