import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { rejection } from '@cutover/host-contract/suite';
import { freePort } from '@cutover/test-support/ports';
import { startSshd } from '@cutover/test-support/sshd';
import ssh2 from 'ssh2';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import { sshHost, type SshHostOptions } from '../../src/index.ts';

const execute = promisify(execFile);
const sshd = await startSshd();
afterAll(async () => await sshd[Symbol.asyncDispose]());
afterEach(() => vi.unstubAllEnvs());

const { privateKeyFile, ...unnamed } = sshd.options;

async function login(options: Partial<SshHostOptions>): Promise<string> {
  await using host = sshHost({ ...unnamed, ...options });
  return (await host.run(['echo', 'in'])).stdout;
}

/** A new key, in a file of its own; one that the server knows unless `known` is `false`. */
async function newKey(type: string, { passphrase = '', known = true } = {}): Promise<string> {
  const file = join(sshd.directory, `key-${Math.random().toString(36).slice(2)}`);
  const size = type === 'rsa' ? ['-b', '2048'] : [];
  await execute('ssh-keygen', ['-q', '-t', type, ...size, '-N', passphrase, '-f', file]);
  if (known) await appendFile(join(sshd.directory, 'authorized_keys'), await readFile(`${file}.pub`));
  return file;
}

async function withAgent<T>(keys: readonly string[], use: (socket: string) => Promise<T>): Promise<T> {
  const socket = join(sshd.directory, `agent-${Math.random().toString(36).slice(2)}`);
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(agent.stdout, 'data');
    for (const key of keys)
      await execute('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    return await use(socket);
  } finally {
    agent.kill();
    await once(agent, 'exit');
  }
}

describe('agents', () => {
  it('are asked after the named key, however many keys they have', async () => {
    const wrong = await Promise.all(
      Array.from({ length: 8 }, async () => await newKey('ed25519', { known: false })),
    );
    await withAgent(wrong, async (agent) => {
      expect(await login({ privateKeyFile, agent })).toBe('in\n');
    });
    await withAgent([privateKeyFile], async (agent) => {
      expect(await login({ agent })).toBe('in\n');
      expect(await login({ agent, privateKeyFile: wrong[0] })).toBe('in\n');
    });
  });

  it('that are dead do no harm to a good key, and are named when nothing else helps', async () => {
    const agent = join(sshd.directory, 'no-agent');
    expect(await login({ privateKeyFile, agent })).toBe('in\n');
    const error = await rejection(
      login({ privateKeyFile: await newKey('ed25519', { known: false }), agent }),
    );
    expect(error).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      message: expect.stringContaining('the agent cannot be asked'),
    });
  });
});

describe('keys', () => {
  it.each(['rsa-sha2-512', 'rsa-sha2-256'])(
    'of type RSA log in where only %s is accepted',
    async (algorithm) => {
      await using strict = await startSshd({ configuration: [`PubkeyAcceptedAlgorithms ${algorithm}`] });
      const key = await newKey('rsa');
      await copyFile(`${key}.pub`, join(strict.directory, 'authorized_keys'));
      await using host = sshHost({ ...strict.options, privateKeyFile: key });
      expect((await host.run(['echo', 'in'])).stdout).toBe('in\n');
      const { privateKeyFile: _file, ...options } = strict.options;
      await withAgent([key], async (agent) => {
        await using other = sshHost({ ...options, agent });
        expect((await other.run(['echo', 'in'])).stdout).toBe('in\n');
      });
    },
  );

  it('of type RSA, four of them, are each tried before any is tried twice', async () => {
    const wrong = await Promise.all([1, 2, 3].map(async () => await newKey('rsa', { known: false })));
    const right = await newKey('rsa');
    expect(await login({ privateKeyFile: [...wrong, right] })).toBe('in\n');
    expect(await rejection(login({ privateKeyFile: wrong }))).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      message: expect.stringContaining('as many of our keys'),
    });
  });

  it.each(['rsa', 'ec', 'ed25519'] as const)('of type %s may be PKCS #8, encrypted too', async (type) => {
    const { privateKey } =
      type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : type === 'ec'
          ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
          : generateKeyPairSync('ed25519');
    const plain = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const closed = privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' })
      .toString();
    const { readPrivateKey } = await import('../../src/ssh/private-key.ts');
    const parsed = await readPrivateKey('pi', 'key', Buffer.from(plain), undefined);
    const line = `${parsed?.type} ${parsed?.getPublicSSH().toString('base64')}\n`;
    await appendFile(join(sshd.directory, 'authorized_keys'), line);
    expect(await login({ privateKey: plain })).toBe('in\n');
    expect(await login({ privateKey: closed, passphrase: 'open' })).toBe('in\n');
    expect(await rejection(login({ privateKey: closed, passphrase: 'wrong' }))).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
    });
  });

  it('that are encrypted are opened by a passphrase, or by who knows it', async () => {
    const file = await newKey('ed25519', { passphrase: 'open' });
    expect(await login({ privateKeyFile: file, passphrase: 'open' })).toBe('in\n');
    const asked: string[] = [];
    const passphrase = async (key: string): Promise<string> => {
      asked.push(key);
      return 'open';
    };
    expect(await login({ privateKeyFile: [privateKeyFile, file], passphrase })).toBe('in\n');
    expect(asked).toEqual([file]);
    const error = await rejection(login({ privateKeyFile: file }));
    expect(error).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      message: expect.stringContaining('encrypted'),
    });
  });

  it('that are encrypted are refused where asking for the passphrase fails', async () => {
    const cause = new Error('no terminal');
    const closed = await newKey('ed25519', { passphrase: 'open', known: false });
    const passphrase = async (): Promise<string> => await Promise.reject(cause);
    expect(await rejection(login({ privateKeyFile: closed, passphrase }))).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      cause,
    });
  });

  it('that are public are called that', async () => {
    const error = await rejection(login({ privateKeyFile: `${privateKeyFile}.pub` }));
    expect(error).toMatchObject({
      code: 'AUTHENTICATION_FAILED',
      message: expect.stringContaining('public key'),
    });
  });

  it('are those of ~/.ssh and of the agent where none is named', async () => {
    const home = join(sshd.directory, 'home');
    await mkdir(join(home, '.ssh'), { recursive: true });
    vi.stubEnv('HOME', home);
    vi.stubEnv('SSH_AUTH_SOCK', '');
    const nothing = await rejection(login({}));
    expect(nothing).toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('~/.ssh/id_ed25519'),
    });
    // One that is encrypted is left to the agent.
    await copyFile(await newKey('ed25519', { passphrase: 'open' }), join(home, '.ssh/id_ed25519'));
    await copyFile(await newKey('ecdsa'), join(home, '.ssh/id_ecdsa'));
    expect(await login({})).toBe('in\n');
    await rm(join(home, '.ssh/id_ecdsa'));
    await withAgent([privateKeyFile], async (agent) => {
      vi.stubEnv('SSH_AUTH_SOCK', agent);
      expect(await login({})).toBe('in\n');
    });
  });
});

it('answers the questions of a server', async () => {
  const port = await freePort();
  const hostKey = join(sshd.directory, 'host_ed25519');
  const asked: string[][] = [];
  const server = new ssh2.Server({ hostKeys: [await readFile(hostKey)] }, (client) => {
    client.on('authentication', (context) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      context.prompt([{ prompt: 'Code: ', echo: false }], 'Who?', (answers) => {
        asked.push(answers);
        context.accept();
      });
    });
    client.on('error', () => undefined);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  await using host = sshHost({
    ...unnamed,
    port,
    answer: async (questions) => questions.map(({ prompt, echo }) => `${prompt}${echo}`),
  });
  await rejection(host.run(['true'], { timeout: 2_000 }));
  server.close();
  expect(asked).toEqual([['Code: false']]);
});
