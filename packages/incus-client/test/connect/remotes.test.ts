import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectRemote, readRemotes } from '../../src/connect/remotes.ts';
import { locateSocket } from '../../src/connect/locate-socket.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'incus-client-'));
});
afterEach(() => rm(folder, { recursive: true }));

const config = `
default-remote: b1
remotes:
  b1:
    addr: https://100.117.251.31:8443
    auth_type: tls
    project: terraform-ci
    protocol: incus
    public: false
  images:
    addr: https://images.linuxcontainers.org
    protocol: simplestreams
    public: true
  cloud:
    addr: https://cloud.example.org
    auth_type: oidc
    protocol: incus
    public: false
`;

test('without a file there is the local remote', async () => {
  expect(await readRemotes(folder)).toMatchObject({
    defaultRemote: 'local',
    remotes: [{ name: 'local', address: 'unix://' }],
  });
});

test('remotes are read as the incus command writes them', async () => {
  await writeFile(join(folder, 'config.yml'), config);
  const { defaultRemote, remotes } = await readRemotes(folder);
  expect(defaultRemote).toBe('b1');
  expect(remotes.map(({ name }) => name)).toEqual(['local', 'b1', 'images', 'cloud']);
  expect(remotes[1]).toEqual({
    name: 'b1',
    address: 'https://100.117.251.31:8443',
    protocol: 'incus',
    authentication: 'tls',
    project: 'terraform-ci',
    public: false,
  });
});

test.each([
  ['nowhere', 'CONFIG_INVALID', /it has local, b1, images, cloud/],
  ['images', 'CONFIG_INVALID', /simplestreams server/],
  ['cloud', 'CLIENT_UNTRUSTED', /OpenID Connect/],
])('a remote that cannot be connected to says why: %s', async (name, code, message) => {
  await writeFile(join(folder, 'config.yml'), config);
  await expect(connectRemote(name, { folder })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('a configuration that cannot be read is named', async () => {
  await writeFile(join(folder, 'config.yml'), 'remotes: [');
  await expect(readRemotes(folder)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(join(folder, 'config.yml')),
  });
});

test('the socket is looked for where the incus command looks', async () => {
  expect(locateSocket({ INCUS_SOCKET: '/a/b' })).toEqual({ socketPath: '/a/b' });
  await mkdir(join(folder, 'run'));
  await writeFile(join(folder, 'run', 'unix.socket.user'), '');
  expect(locateSocket({ INCUS_DIR: join(folder, 'run') })).toEqual({
    socketPath: join(folder, 'run', 'unix.socket.user'),
    project: `user-${process.getuid?.()}`,
  });
  await writeFile(join(folder, 'run', 'unix.socket'), '');
  expect(locateSocket({ INCUS_DIR: join(folder, 'run') })).toEqual({
    socketPath: join(folder, 'run', 'unix.socket'),
  });
});
