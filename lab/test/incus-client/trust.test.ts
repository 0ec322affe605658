import { readFile } from 'node:fs/promises';
import {
  IncusApiError,
  certificateFingerprint,
  connectIncus,
  decodeTrustToken,
  describeCertificate,
  enrol,
  generateClientCertificate,
} from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { sleepingBox } from './box.ts';

let lab: Lab;
let cert: string;
let key: string;
let serverCert: string;
beforeAll(async () => {
  lab = await openLab();
  cert = await readFile(lab.certificates.certificate, 'utf8');
  key = await readFile(lab.certificates.key, 'utf8');
  serverCert = await readFile(lab.certificates.serverCertificate, 'utf8');
});
afterAll(() => lab[Symbol.asyncDispose]());

test("the daemon's certificate, which names the loopback address only, is accepted when it is pinned", async () => {
  await using client = await connectIncus({ url: lab.url, cert, key, serverCert, project: lab.project });
  expect((await client.server.get()).auth).toBe('trusted');
  await using byFingerprint = await connectIncus({
    url: lab.url,
    cert,
    key,
    serverFingerprint: certificateFingerprint(serverCert),
    project: lab.project,
  });
  expect(byFingerprint.projectName).toBe(lab.project);
});

test('without the pin it is refused', async () => {
  await expect(connectIncus({ url: lab.url, cert, key })).rejects.toMatchObject({ code: 'SERVER_UNTRUSTED' });
});

test('a client certificate that the server does not know is told as such', async () => {
  const stranger = await generateClientCertificate({ commonName: 'stranger' });
  await expect(connectIncus({ url: lab.url, ...stranger, serverCert })).rejects.toMatchObject({
    code: 'CLIENT_UNTRUSTED',
  });
});

test('a restricted certificate is kept to its project, exec included', async () => {
  await using box = await sleepingBox(lab);
  await using client = await connectIncus({ url: lab.url, cert, key, serverCert, project: 'default' });
  // Incus 6.0 refuses to list, 7.0 lists what may be seen, which is nothing.
  const seen = await client.instances.list().catch((error: IncusApiError) => error.code);
  expect([[], 'FORBIDDEN']).toContainEqual(seen);
  await expect(client.exec.run(box.name, ['true'])).rejects.toBeInstanceOf(IncusApiError);
  expect(await client.project(lab.project).instances.list()).toBeInstanceOf(Array);
});

test('a made certificate is enrolled by a token, once, with the rights of the token', async () => {
  const token = await lab.client.certificates.createToken({
    name: 'incus-client-test',
    restricted: true,
    projects: [lab.project],
  });
  const mine = await generateClientCertificate({ commonName: 'incus-client-test' });
  const { url, serverFingerprint } = await enrol(token, { ...mine, url: lab.url });
  await using client = await connectIncus({ url, serverFingerprint, ...mine, project: lab.project });
  expect((await client.instances.list()).length).toBeGreaterThanOrEqual(0);
  const { fingerprint } = describeCertificate(mine.cert);
  expect(await lab.client.certificates.get(fingerprint)).toMatchObject({
    name: 'incus-client-test',
    restricted: true,
    projects: [lab.project],
  });
  // A script that is run again goes on from here.
  const other = await lab.client.certificates.createToken({ name: 'incus-client-test' });
  await expect(enrol(other, { ...mine, url: lab.url })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  const { secret } = decodeTrustToken(other);
  const left = (await lab.client.operations.list()).find(({ metadata }) => metadata?.['secret'] === secret);
  if (left !== undefined) await lab.client.operations.cancel(left.id);
  const another = await generateClientCertificate({ commonName: 'second' });
  await expect(enrol(token, { ...another, url: lab.url })).rejects.toMatchObject({ name: 'IncusApiError' });
  await lab.client.certificates.delete(fingerprint);
});

test('many requests over TLS use one connection', async () => {
  await using client = await connectIncus({ url: lab.url, cert, key, serverCert, project: lab.project });
  const connections = () => process.getActiveResourcesInfo().filter((kind) => /TCPSocket/.test(kind)).length;
  const before = connections();
  for (let turn = 0; turn < 20; turn += 1) await client.server.get();
  // Those of the tests before may still be on their way out.
  expect(connections()).toBeLessThanOrEqual(before);
});

test('exec and SFTP work over mTLS', async () => {
  await using client = await connectIncus({ url: lab.url, cert, key, serverCert, project: lab.project });
  const name = `incus-client-${process.pid}-tls`;
  await client.instances.create({
    name,
    source: { type: 'image', alias: lab.imageAlias },
    config: { 'user.cutover.throwaway': 'true' },
    start: true,
  });
  try {
    const { stdout, exitCode } = await client.exec.run(name, ['sh', '-c', 'cat; exit 2'], {
      input: 'over TLS',
    });
    expect({ exitCode, text: stdout.toString() }).toEqual({ exitCode: 2, text: 'over TLS' });
    await using sftp = await client.files.sftp(name);
    await sftp.write('/root/x', [Buffer.from('by SFTP')], { mode: 0o600 });
    expect((await client.files.read(name, '/root/x')).toString()).toBe('by SFTP');
  } finally {
    await client.instances.stop(name, { force: true });
    await client.instances.delete(name);
  }
});
