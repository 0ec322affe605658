import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { httpsGitEnvironment } from '../../src/forge/https-git.ts';

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

test('the certificate is verified, also where this machine has turned that off for all servers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'https-git-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const argv = [
    'req',
    '-x509',
    '-nodes',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-days',
    '1',
  ];
  await promisify(execFile)('openssl', [...argv, ...name, '-keyout', key, '-out', cert]);
  let asked = 0;
  const server = createTlsServer({ key: await readFile(key), cert: await readFile(cert) }, (_, reply) => {
    asked += 1;
    reply.writeHead(404).end();
  });
  const url = `https://127.0.0.1:${await portOf(server)}`;
  const settings = '[http]\n\tsslVerify = false\n';
  expect(await lsRemote(`${url}/work.git`, httpsGitEnvironment({ url, user: 'git' }), settings)).toMatch(
    /certificate/,
  );
  expect(asked).toBe(0);
  const trusting = httpsGitEnvironment({ url, user: 'git', certificate: cert });
  expect(await lsRemote(`${url}/work.git`, trusting, settings)).toMatch(/not found/);
  expect(asked).toBe(1);
});
