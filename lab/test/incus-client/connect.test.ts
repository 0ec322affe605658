import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type HttpsConnectOptions,
  certificateFingerprint,
  connectIncus,
  connectRemote,
  generateClientCertificate,
} from '@cutover/incus-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';

let lab: Lab;
let options: HttpsConnectOptions & {
  readonly cert: string;
  readonly key: string;
  readonly serverCert: string;
};
beforeAll(async () => {
  lab = await openLab();
  const read = (path: string) => readFile(path, 'utf8');
  options = {
    url: lab.url,
    cert: await read(lab.certificates.certificate),
    key: await read(lab.certificates.key),
    serverCert: await read(lab.certificates.serverCertificate),
  };
});
afterAll(() => lab[Symbol.asyncDispose]());
afterEach(() => vi.unstubAllEnvs());

const portOf = (server: { address(): string | AddressInfo | null }) => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

describe('what cannot work is told before anything is sent', () => {
  const encrypted = (type: 'pkcs8' | 'pkcs1' | 'sec1') =>
    createPrivateKey(options.key)
      .export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' } as never)
      .toString();

  test('an encrypted key needs its passphrase, which is asked for', async () => {
    const key = encrypted('pkcs8');
    await expect(connectIncus({ ...options, key })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: 'the client key is encrypted; give its passphrase',
    });
    await expect(connectIncus({ ...options, key, passphrase: 'wrong' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: 'the passphrase does not open the client key',
    });
    await using client = await connectIncus({ ...options, key, passphrase: async () => 'open' });
    expect((await client.server.get()).auth).toBe('trusted');
  });

  test('a key of another certificate, and one that is none', async () => {
    const { key } = await generateClientCertificate({ commonName: 'other' });
    await expect(connectIncus({ ...options, key })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('not the one that belongs to'),
    });
    await expect(connectIncus({ ...options, key: 'garbage' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  test('a server that speaks plain HTTP', async () => {
    const server = createHttpServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${portOf(server)}`;
    await expect(connectIncus({ ...options, url })).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('does not speak TLS'),
    });
    server.close();
  });
});

test('a fingerprint is taken with spaces, colons and line breaks around it', async () => {
  const { serverCert, ...rest } = options;
  const plain = certificateFingerprint(serverCert);
  await using client = await connectIncus({
    ...rest,
    serverFingerprint: ` ${plain.toUpperCase().replaceAll(/..(?=.)/g, '$&:')}\n`,
  });
  expect((await client.server.get()).auth).toBe('trusted');
  await expect(connectIncus({ ...rest, serverFingerprint: 'abc' })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
});

test('a certificate that has expired is told as such', async () => {
  const expired = await generateClientCertificate({ commonName: 'old', days: -0.01 });
  await expect(connectIncus({ ...options, ...expired })).rejects.toMatchObject({
    code: 'CLIENT_UNTRUSTED',
    message: expect.stringMatching(/expired on \d{4}-/),
  });
});

test('a server that does not know us shows its public images where that is all that is wanted', async () => {
  const { cert: _cert, key: _key, ...rest } = options;
  await expect(connectIncus(rest)).rejects.toMatchObject({
    code: 'CLIENT_UNTRUSTED',
    message: expect.stringContaining('give cert and key'),
  });
  await using client = await connectIncus({ ...rest, public: true });
  expect(await client.images.list()).toBeInstanceOf(Array);
});

describe('a proxy', () => {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  beforeEach(() => void (seen.length = 0));
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
  });

  async function httpProxy() {
    const server = createHttpServer();
    server.on('connect', (request, near, head) => {
      seen.push(`${request.url} ${request.headers['proxy-authorization']}`);
      const [host, port] = (request.url ?? '').split(':');
      const far = connect(Number(port), host, () => {
        near.write('HTTP/1.1 200 Connection established\r\n\r\n');
        far.write(head);
        far.pipe(near).pipe(far);
      });
      sockets.add(far).add(near as Socket);
      for (const one of [near, far]) one.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  /** RFC 1928 and 1929, as far as a client of ours asks for. */
  async function socksProxy() {
    const server = createServer(async (near) => {
      sockets.add(near.on('error', () => {}));
      const next = async () => ((await once(near, 'data')) as [Buffer])[0];
      await next();
      near.write(Buffer.from([5, 2]));
      const login = await next();
      near.write(Buffer.from([1, 0]));
      const asked = await next();
      const host = [...asked.subarray(4, 8)].join('.');
      const port = asked.readUInt16BE(8);
      seen.push(`${host}:${port} ${login.toString('latin1', 2)}`);
      const far = connect(port, host, () => {
        near.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        far.pipe(near).pipe(far);
      });
      sockets.add(far.on('error', () => {}));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  test('of HTTP is gone through, with user and password, as an option says or the environment', async () => {
    const proxy = await httpProxy();
    const url = `http://user:p%40ss@127.0.0.1:${portOf(proxy)}`;
    const basic = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    {
      await using client = await connectIncus({ ...options, proxy: url, project: lab.project });
      expect(await client.instances.list()).toBeInstanceOf(Array);
    }
    expect(seen[0]).toBe(`${new URL(lab.url).host} ${basic}`);
    seen.length = 0;
    vi.stubEnv('HTTPS_PROXY', url);
    await using client = await connectIncus(options);
    expect((await client.server.get()).auth).toBe('trusted');
    const before = seen.length;
    expect(before).toBeGreaterThan(0);
    await using direct = await connectIncus({ ...options, proxy: false });
    expect((await direct.server.get()).auth).toBe('trusted');
    expect(seen).toHaveLength(before);
    proxy.close();
  });

  test('of SOCKS is gone through, exec and all', async () => {
    const proxy = await socksProxy();
    await using client = await connectIncus({
      ...options,
      proxy: `socks5://user:pass@127.0.0.1:${portOf(proxy)}`,
    });
    expect((await client.server.get()).auth).toBe('trusted');
    expect(seen[0]).toBe(`${new URL(lab.url).host} user\x04pass`);
    proxy.close();
  });

  test('that refuses, or is not there, says so without its password', async () => {
    const server = createHttpServer((_request, response) => response.end()).on(
      'connect',
      (_request, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = portOf(server);
    const proxy = `http://user:hidden@127.0.0.1:${port}`;
    await expect(connectIncus({ ...options, proxy })).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringMatching(
        /^(?!.*hidden).*the proxy http:\/\/127\.0\.0\.1:\d+ refused to connect .*407/s,
      ),
    });
    server.close();
    await once(server, 'close');
    await expect(connectIncus({ ...options, proxy })).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  });
});

test("a remote is connected to by its own certificate, at the address that answers, in the environment's project", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'incus-remote-'));
  try {
    await mkdir(join(folder, 'clientcerts'));
    await mkdir(join(folder, 'servercerts'));
    const stranger = await generateClientCertificate({ commonName: 'stranger' });
    await writeFile(join(folder, 'client.crt'), stranger.cert);
    await writeFile(join(folder, 'client.key'), stranger.key);
    await writeFile(join(folder, 'clientcerts', 'lab.crt'), options.cert);
    await writeFile(join(folder, 'clientcerts', 'lab.key'), options.key);
    await writeFile(join(folder, 'servercerts', 'lab.crt'), options.serverCert);
    await writeFile(
      join(folder, 'config.yml'),
      `remotes: {lab: {addr: "https://127.0.0.1:1,${lab.url}", project: ${lab.project}}}`,
    );
    vi.stubEnv('INCUS_PROJECT', '');
    vi.stubEnv('INCUS_REMOTE', 'lab');
    await using client = await connectRemote(undefined, { folder });
    expect([client.address, client.projectName]).toEqual([lab.url, lab.project]);
    expect(await client.instances.list()).toBeInstanceOf(Array);
    // So is empty text that a script got from a variable of its own.
    await using same = await connectRemote('', { folder, project: '' });
    expect([same.address, same.projectName]).toEqual([lab.url, lab.project]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
