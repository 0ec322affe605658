import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { s3 } from './s3.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

test('a bucket keeps objects; a key may do what its role says, until it is deleted', async ({ skip }) => {
  const { environment } = await lab.client.server.get();
  const release = Number.parseInt(environment?.server_version ?? '', 10);
  skip(release < 7, 'before 7.0 the daemon needs MinIO for buckets, which Debian does not have');
  const port = 9443;
  await lab.client.server.patch({ config: { 'core.storage_buckets_address': `127.0.0.1:${port}` } });
  const ca = await readFile(lab.certificates.serverCertificate, 'utf8');
  const buckets = lab.client.storagePools.buckets('lab');
  const name = `incus-client-${process.pid}`;

  const admin = await buckets.create({ name, description: 'of a test', config: { size: '64MiB' } });
  expect(admin).toMatchObject({ name: 'admin', role: 'admin' });
  const bucket = await buckets.get(name);
  expect(bucket).toMatchObject({ name, description: 'of a test', config: { size: '64MiB' } });
  expect((await buckets.list()).map((one) => one.name)).toContain(name);

  const object = `${bucket.s3_url}/greeting`;
  expect(await s3(admin, ca, 'PUT', object, 'hello')).toMatchObject({ status: 200 });
  expect(await s3(admin, ca, 'GET', object)).toEqual({ status: 200, body: 'hello' });

  const keys = buckets.keys(name);
  const reader = await keys.create({ name: 'reader', role: 'read-only' });
  expect(await keys.get('reader')).toEqual(reader);
  expect(await s3(reader, ca, 'GET', object)).toEqual({ status: 200, body: 'hello' });
  expect(await s3(reader, ca, 'PUT', object, 'changed')).toMatchObject({ status: 400 });
  await keys.modify('reader', (key) => ({ ...key, role: 'admin' }));
  expect(await s3(reader, ca, 'PUT', object, 'changed')).toMatchObject({ status: 200 });
  await keys.delete('reader');
  expect(await s3(reader, ca, 'GET', object)).toMatchObject({ status: 403 });
  expect((await keys.list()).map((one) => one.name)).toEqual(['admin']);

  await buckets.patch(name, { description: 'to go' });
  expect((await buckets.get(name)).description).toBe('to go');
  await buckets.delete(name);
  await expect(buckets.get(name)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
