import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configFolder, readRemotes } from '../../src/connect/remote-config.ts';
import { connectRemote } from '../../src/connect/remotes.ts';
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

/** Nothing of the machine's own. */
const env = { INCUS_GLOBAL_CONF: '/nowhere' };

test('without a file there are local and images', async () => {
  expect(await readRemotes(folder, env)).toMatchObject({
    defaultRemote: 'local',
    remotes: [
      { name: 'local', address: 'unix://' },
      {
        name: 'images',
        address: 'https://images.linuxcontainers.org',
        protocol: 'simplestreams',
        public: true,
      },
    ],
  });
});

test('an empty variable is one that is not set', async () => {
  await writeFile(join(folder, 'config.yml'), config);
  expect(await readRemotes(folder, { ...env, INCUS_REMOTE: '' })).toMatchObject({ defaultRemote: 'b1' });
  expect(await readRemotes(folder, { ...env, INCUS_REMOTE: 'cloud' })).toMatchObject({
    defaultRemote: 'cloud',
  });
  expect(configFolder({ INCUS_CONF: '', XDG_CONFIG_HOME: '/xdg' })).toBe('/xdg/incus');
  expect(configFolder({ XDG_CONFIG_HOME: '' })).toMatch(/\/\.config\/incus$/);
});

test("remotes of all users come after one's own, and local is always the socket", async () => {
  const global = join(folder, 'global');
  await mkdir(global);
  await writeFile(
    join(global, 'config.yml'),
    'remotes: {b1: {addr: "https://other"}, site: {addr: "https://site:8443"}}',
  );
  await writeFile(
    join(folder, 'config.yml'),
    `${config}  local: {addr: "https://elsewhere:8443", project: mine}\n`,
  );
  const { remotes } = await readRemotes(folder, { INCUS_GLOBAL_CONF: global });
  expect(remotes.map(({ name, address, project, folder: from }) => [name, address, project, from])).toEqual([
    ['local', 'unix://', 'mine', folder],
    ['b1', 'https://100.117.251.31:8443', 'terraform-ci', folder],
    ['images', 'https://images.linuxcontainers.org', undefined, folder],
    ['cloud', 'https://cloud.example.org', undefined, folder],
    ['site', 'https://site:8443', undefined, global],
  ]);
});

test('of several addresses the one that worked last comes first', async () => {
  await writeFile(
    join(folder, 'config.yml'),
    'remotes: {b1: {addr: "https://a:8443, https://b:8443,https://c:8443", last_working_address: "https://b:8443"}}',
  );
  const { remotes } = await readRemotes(folder, env);
  expect(remotes[1]?.addresses).toEqual(['https://b:8443', 'https://a:8443', 'https://c:8443']);
});

test('each mistake is told with its place', async () => {
  const file = join(folder, 'config.yml');
  await writeFile(
    file,
    'remotes:\n  b1:\n    addr: https://b1:8443\n    project: 12\n    public: "no"\n    protocol: lxd\n',
  );
  await expect(readRemotes(folder, env)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: [
      `${file}:5:13: remotes.b1.public should be true or false`,
      `${file}:6:15: remotes.b1.protocol should be one of incus, simplestreams, oci`,
      `${file}:4:14: remotes.b1.project should be text; put quotes around 12`,
    ].join('\n'),
  });
});

test('remotes are read as the incus command writes them', async () => {
  await writeFile(join(folder, 'config.yml'), config);
  const { defaultRemote, remotes } = await readRemotes(folder, env);
  expect(defaultRemote).toBe('b1');
  expect(remotes.map(({ name }) => name)).toEqual(['local', 'b1', 'images', 'cloud']);
  expect(remotes[1]).toEqual({
    name: 'b1',
    address: 'https://100.117.251.31:8443',
    addresses: ['https://100.117.251.31:8443'],
    folder,
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
  await expect(readRemotes(folder, env)).rejects.toMatchObject({
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
