import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ImageUpdateSource,
  type IncusClient,
  connectIncus,
  migrateInstance,
  migrateVolume,
} from '@cutover/incus-client';
import { freePort } from '@cutover/test-support/ports';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { destroy } from '../../src/daemon/clean-up.ts';
import { startDaemon } from '../../src/daemon/start.ts';
import { type LabFolders, labFolders } from '../../src/folders.ts';
import { lock } from '../../src/lock.ts';
import { tinyImage } from './tiny-image.ts';

/** A daemon with nothing in it, on a port of the loopback address. */
interface BareDaemon extends AsyncDisposable {
  readonly folders: LabFolders;
  readonly client: IncusClient;
  readonly address: string;
}

async function bareDaemon(name: string): Promise<BareDaemon> {
  const folders = labFolders(name);
  // Held, so that nobody takes it for what a crash has left.
  const turn = await lock(folders.id);
  await destroy(folders, console.warn);
  await startDaemon(folders);
  const client = await connectIncus({ socketPath: folders.socket });
  const address = `127.0.0.1:${await freePort()}`;
  await client.server.patch({ config: { 'core.https_address': address } });
  return {
    folders,
    client,
    address,
    async [Symbol.asyncDispose]() {
      await client.close();
      await destroy(folders, console.warn);
      await turn[Symbol.asyncDispose]();
    },
  };
}

let first: BareDaemon;
let second: BareDaemon;
beforeAll(async () => {
  [first, second] = await Promise.all([bareDaemon('cluster-one'), bareDaemon('cluster-two')]);
});
afterAll(async () => {
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
});

test('a volume with its snapshots and an instance are copied from one server to another', async () => {
  const servers = [first.client, second.client];
  await Promise.all(servers.map(({ storagePools }) => storagePools.create({ name: 'p', driver: 'dir' })));
  const [here, there] = [first.client.storagePools.volumes('p'), second.client.storagePools.volumes('p')];
  await here.create({ name: 'v', description: 'a volume', config: { 'user.kept': 'yes' } });
  await here.snapshots('v').create({ name: 's' });
  const sourceUrl = `https://${first.address}`;
  const place = (name: string) => ({ pool: 'p', name });
  await migrateVolume(first.client, place('v'), second.client, place('w'), { sourceUrl });
  expect(await there.get('w')).toMatchObject({ description: 'a volume', config: { 'user.kept': 'yes' } });
  expect((await there.snapshots('w').list()).map(({ name }) => name)).toEqual(['s']);
  await here.snapshots('v').create({ name: 't' });
  await migrateVolume(first.client, place('v'), second.client, place('w'), { sourceUrl, refresh: true });
  expect((await there.snapshots('w').list()).map(({ name }) => name).sort()).toEqual(['s', 't']);

  const devices = { root: { type: 'disk', path: '/', pool: 'p' } } as const;
  await first.client.instances.create({ name: 'i', source: { type: 'none' }, devices });
  await first.client.files.write('i', '/state', 'carried');
  await migrateInstance(first.client, 'i', second.client, { name: 'j', sourceUrl });
  expect((await second.client.files.read('j', '/state')).toString()).toBe('carried');

  await Promise.all([first.client.instances.delete('i'), second.client.instances.delete('j')]);
  await Promise.all([here.delete('v'), there.delete('w')]);
  await Promise.all(servers.map(({ storagePools }) => storagePools.delete('p')));
});

test('an image is fetched by one server from another, and says where it came from', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'incus-image-'));
  const source = {
    server: `https://${first.address}`,
    protocol: 'incus',
    alias: 'tiny',
    certificate: await readFile(join(first.folders.incus, 'server.crt'), 'utf8'),
  } as const;
  try {
    const image = await tinyImage(folder, 'between servers');
    const fingerprint = await first.client.images.import(image, { aliases: ['tiny'] });
    const secret = await first.client.images.createSecret(fingerprint);
    const { alias, ...server } = source;
    await expect(
      Promise.resolve(second.client.images.fetch({ ...server, fingerprint })),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await second.client.images.fetch({ ...server, fingerprint, secret })).toBe(fingerprint);
    await second.client.images.delete(fingerprint);
    await first.client.images.patch(fingerprint, { public: true });
    expect(await second.client.images.fetch(source)).toBe(fingerprint);
    const from: ImageUpdateSource | undefined = (await second.client.images.get(fingerprint)).update_source;
    expect(from).toEqual({ ...server, alias, image_type: expect.any(String) });
    await Promise.all([first, second].map(({ client }) => client.images.delete(fingerprint)));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a server forms a cluster, and another one joins it by a token', async () => {
  const { cluster } = first.client;
  await cluster.update({ server_name: 'one', enabled: true });
  expect(await cluster.get()).toMatchObject({ server_name: 'one', enabled: true });
  const { metadata } = await cluster.members.createJoinToken('two');
  const token = {
    server_name: metadata?.['serverName'],
    fingerprint: metadata?.['fingerprint'],
    addresses: metadata?.['addresses'],
    secret: metadata?.['secret'],
    expires_at: metadata?.['expiresAt'],
  };
  await second.client.cluster.update({
    server_name: 'two',
    enabled: true,
    cluster_address: first.address,
    cluster_certificate: await readFile(join(first.folders.incus, 'cluster.crt'), 'utf8'),
    server_address: second.address,
    cluster_token: Buffer.from(JSON.stringify(token)).toString('base64'),
    member_config: [],
  });
  const members = await cluster.members.list();
  expect(members.map(({ server_name: name, status }) => ({ name, status }))).toEqual(
    expect.arrayContaining([
      { name: 'one', status: 'Online' },
      { name: 'two', status: 'Online' },
    ]),
  );
});

test('calls for a member go to it', async () => {
  const { environment } = await first.client.target('two').server.get();
  expect(environment?.server_name).toBe('two');
  await expect(first.client.target('none').server.get()).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('groups are made, filled, renamed and deleted', async () => {
  const { groups, members } = first.client.cluster;
  await groups.create({ name: 'g', description: 'a group', members: ['two'] });
  expect(await groups.get('g')).toMatchObject({ description: 'a group', members: ['two'] });
  expect((await members.get('two')).groups).toContain('g');
  await groups.rename('g', 'h');
  await groups.patch('h', { description: 'still a group' });
  expect(await groups.get('h')).toMatchObject({ description: 'still a group', members: ['two'] });
  await groups.patch('h', { config: { 'user.rack': '2' } });
  await groups.modify('h', () => ({ members: [] }));
  const { config } = await groups.get('h');
  // Since Incus 6.12; before that the daemon knows of no configuration of a group.
  expect([undefined, { 'user.rack': '2' }]).toContainEqual(config);
  expect(await groups.get('h')).toMatchObject({ description: 'still a group', members: [] });
  await groups.delete('h');
});

test('a member is described, evacuated, restored, renamed and removed', async () => {
  const { members } = first.client.cluster;
  await members.modify('two', () => ({ description: 'the second' }));
  await members.patch('two', { config: { 'user.rack': '2' } });
  expect(await members.get('two')).toMatchObject({
    description: 'the second',
    server_name: 'two',
    config: { 'user.rack': '2' },
  });
  await members.setState('two', { action: 'evacuate' });
  expect((await members.get('two')).status).toBe('Evacuated');
  await members.setState('two', { action: 'restore' });
  await members.rename('two', 'deux');
  await members.remove('deux', { force: true });
  expect((await members.list()).map(({ server_name: name }) => name)).toEqual(['one']);
});
