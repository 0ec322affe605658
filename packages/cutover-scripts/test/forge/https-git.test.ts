import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localHost } from '@cutover/host';
import { expect, onTestFinished, test, vi } from 'vitest';
import { httpsGitEnvironment } from '../../src/forge/https-git.ts';
import { openForge } from '../../src/forge/open-forge.ts';
import { jsonApi } from '../../src/world/json-api.ts';

test('git gets the token as it is, and for the forge only; it is in no environment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'https-git-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const token = String.raw`-n\nit's$HOME"x\c`;
  const file = join(folder, "the bot's token");
  await writeFile(file, `${token}\n`);
  const url = 'https://git.example.org';
  const environment = httpsGitEnvironment({ url, user: "o'bot", token: file });
  const ask = (host: string): string =>
    execFileSync('git', ['credential', 'fill'], {
      input: `protocol=https\nhost=${host}\n\n`,
      env: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...environment },
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  expect(ask('git.example.org').split('\n')).toEqual(
    expect.arrayContaining(["username=o'bot", `password=${token}`]),
  );
  // As an editor of another system ends its lines.
  await writeFile(file, `${token}\r\n`);
  expect(ask('git.example.org').split('\n')).toContain(`password=${token}`);
  expect(() => ask('elsewhere.example.org')).toThrow(
    /could not read Username|terminal prompts disabled|Command failed/,
  );
  expect(JSON.stringify(environment)).not.toContain(token.slice(0, 4));
});

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of a server that listens on a port
  return (server.address() as AddressInfo).port;
}

/** What git says that asks for the repository, with the settings of a machine and its environment. */
async function lsRemote(
  url: string,
  env: Readonly<Record<string, string>>,
  settings: string,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'https-git-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'gitconfig');
  await writeFile(file, settings);
  const all = {
    PATH: process.env['PATH'],
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: file,
    LC_ALL: 'C',
  };
  return await promisify(execFile)('git', ['ls-remote', url], { env: { ...all, ...env } }).then(
    ({ stdout }) => stdout,
    (error: { stderr: string }) => error.stderr,
  );
}

test("git goes through the proxy whatever this machine's environment and settings say", async () => {
  let asked = 0;
  const socks5 = await portOf(
    createServer((socket) => {
      asked += 1;
      socket.destroy();
    }),
  );
  const url = 'https://127.0.0.1:9';
  const repository = `${url}/rig/work.git`;
  const written = 'ssh://git@127.0.0.1:9/rig/work.git';
  const given = { url, user: 'git', socks5: `127.0.0.1:${socks5}` };
  const machine = { NO_PROXY: '127.0.0.1', no_proxy: '*' };
  const rewrites = `[url "file:///"]\n\tinsteadOf = ${url}/\n\tinsteadOf = ssh://git@127.0.0.1:9/rig/\n`;
  const first = httpsGitEnvironment({ ...given, urls: [repository] });
  expect(await lsRemote(repository, { ...machine, ...first }, rewrites)).toContain(url);
  expect(asked).toBe(1);
  const insteadOf = 'ssh://git@127.0.0.1:9/';
  const second = httpsGitEnvironment({ ...given, insteadOf, urls: [written] });
  expect(await lsRemote(written, { ...machine, ...second }, rewrites)).toContain(url);
  expect(asked).toBe(2);
});

/** A server that a certificate of its own vouches for, and how often it was asked. */
async function serverThatSays(status: number) {
  const folder = await mkdtemp(join(tmpdir(), 'https-git-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '1'];
  const argv = ['req', '-x509', '-nodes', ...kind, ...name, '-keyout', key, '-out', cert];
  await promisify(execFile)('openssl', argv);
  let count = 0;
  const pair = { key: await readFile(key), cert: await readFile(cert) };
  const server = createTlsServer(pair, (_, reply) => {
    count += 1;
    reply.writeHead(status).end();
  });
  return { url: `https://127.0.0.1:${await portOf(server)}`, cert, folder, asked: () => count };
}

test('the certificate is verified, also where this machine has turned that off for all servers', async () => {
  const { url, cert, asked } = await serverThatSays(404);
  const settings = '[http]\n\tsslVerify = false\n';
  expect(await lsRemote(`${url}/work.git`, httpsGitEnvironment({ url, user: 'git' }), settings)).toMatch(
    /certificate/,
  );
  expect(asked()).toBe(0);
  const trusting = httpsGitEnvironment({ url, user: 'git', certificate: cert });
  expect(await lsRemote(`${url}/work.git`, trusting, settings)).toMatch(/not found/);
  expect(asked()).toBe(1);
});

test.each([
  [404, true],
  [401, true],
  [502, false],
])('a server that says %i is there: %s', async (status, isThere) => {
  const { url, cert, folder } = await serverThatSays(status);
  await using here = localHost();
  const open = (https: object) =>
    openForge(
      {
        forge: { type: 'git', root: '', https: { url, user: 'git', ...https } },
        repository: 'host',
        repositories: [],
        ownership: { repository: 'work', ref: 'refs/cutover/owner', lease: 1 },
      },
      { here, stateDirectory: folder },
    );
  await using forge = await open({ certificate: cert });
  expect(await forge.answers(AbortSignal.timeout(20_000))).toBe(isThere);
  // That another one answers says nothing of what the forge has.
  await using distrustful = await open({});
  expect(await distrustful.answers(AbortSignal.timeout(20_000))).toBe(false);
});

test('an API is verified too, where this machine has turned that off for all programs of Node', async () => {
  const { url, cert, asked } = await serverThatSays(404);
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => void vi.unstubAllEnvs());
  const call = { url, method: 'GET', authorization: 'token x', signal: AbortSignal.timeout(20_000) } as const;
  await using distrustful = jsonApi({});
  await expect(distrustful.call(call)).rejects.toThrow(/certificate/);
  expect(asked()).toBe(0);
  await using trusting = jsonApi({ certificate: await readFile(cert, 'utf8') });
  expect(await trusting.call(call)).toMatchObject({ status: 404 });
});
