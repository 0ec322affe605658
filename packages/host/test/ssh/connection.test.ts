import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { processesWith, rejection, uniqueSleep, until } from '@cutover/host-contract/suite';
import { freePort, listening } from '@cutover/test-support/ports';
import { startSshd } from '@cutover/test-support/sshd';
import { afterAll, describe, expect, it } from 'vitest';

import { type Host, sshHost } from '../../src/index.ts';
import { startRelay } from './relay.ts';
import { serverThatGoesDown } from './server-that-goes-down.ts';

const sshd = await startSshd();
afterAll(async () => await sshd[Symbol.asyncDispose]());

describe('connecting', () => {
  it('makes one connection for many calls at once', async () => {
    await using relay = await startRelay(sshd.options.port);
    await using host = sshHost({ ...sshd.options, port: relay.port });
    await Promise.all(Array.from({ length: 20 }, async () => await host.run(['true'])));
    await host.run(['true']);
    expect(relay.connections).toBe(1);
  });

  it('rejects where nothing listens', async () => {
    await using host = sshHost({ ...sshd.options, port: await freePort() });
    expect(await rejection(host.run(['true']))).toMatchObject({
      name: 'HostConnectionError',
      code: 'CONNECTION_FAILED',
    });
  });

  it('tries again as often as it may, where that can help', async () => {
    await using late = await startSshd();
    await late.stop();
    await using hasty = sshHost(late.options);
    expect(await rejection(hasty.run(['true']))).toMatchObject({ code: 'CONNECTION_FAILED' });
    await using host = sshHost({ ...late.options, connectAttempts: 8 });
    const running = host.run(['echo', 'in']);
    setTimeout(() => void late.start(), 700);
    expect((await running).stdout).toBe('in\n');
  });

  it.each([
    ['KexAlgorithms sntrup761x25519-sha512@openssh.com', 'key exchange algorithm'],
    ['Ciphers aes128-cbc', 'cipher'],
    ['Ciphers aes128-ctr\nMACs umac-128@openssh.com', 'MAC'],
  ])('says what is missing, and the way out, on a server with only %s', async (line, missing) => {
    await using strict = await startSshd({ configuration: [line] });
    await using host = sshHost(strict.options);
    const error = await rejection(host.run(['true']));
    expect(error).toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining("client: 'openssh'"),
    });
    expect(error).toHaveProperty('message', expect.stringContaining(missing));
    // OpenSSH itself offers cbc only when it is told to.
    const config = join(strict.directory, 'config');
    await writeFile(config, 'Ciphers +aes128-cbc\n');
    await using other = sshHost({ ...strict.options, config, client: 'openssh' });
    expect((await other.run(['echo', 'in'])).stdout).toBe('in\n');
  });

  it('gives up on a server that says nothing, within connectTimeout', async () => {
    await using relay = await startRelay(sshd.options.port);
    relay.freeze();
    await using host = sshHost({ ...sshd.options, port: relay.port, connectTimeout: 1000 });
    const error = await rejection(host.run(['true']));
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(error).toHaveProperty('message', expect.stringContaining('no answer within 1000 ms'));
    relay.thaw();
    // On a busy machine a handshake may take longer than that.
    await until(
      async () =>
        await host.run(['true']).then(
          () => true,
          () => false,
        ),
    );
  });

  it('rejects what is not ssh', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const address = server.address();
    await using host = sshHost({
      ...sshd.options,
      port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    });
    expect(await rejection(host.run(['true']))).toMatchObject({ code: 'CONNECTION_FAILED' });
    server.close();
  });

  it('says so when the key is not accepted, and the abort of one waiting call is its own', async () => {
    await using host = sshHost({ ...sshd.options, privateKeyFile: `${sshd.directory}/host_ed25519` });
    const [refused, aborted] = await Promise.all([
      rejection(host.run(['true'])),
      rejection(host.run(['true'], { signal: AbortSignal.timeout(1) })),
    ]);
    expect(refused).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    expect(aborted).toMatchObject({ code: 'COMMAND_ABORTED' });
  });

  it('authenticates by an agent', async () => {
    const socket = `${sshd.directory}/agent`;
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(agent.stdout, 'data');
    const add = spawn('ssh-add', ['-q', `${sshd.directory}/user`], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
    });
    await once(add, 'exit');
    const { privateKeyFile: _file, ...rest } = sshd.options;
    await using host = sshHost({ ...rest, agent: socket });
    expect((await host.run(['echo', 'in'])).stdout).toBe('in\n');
    agent.kill();
  });

  it('goes through a SOCKS5 proxy', async () => {
    const port = await freePort();
    const proxy = spawn(
      'ssh',
      [
        '-F',
        'none',
        '-N',
        '-D',
        `127.0.0.1:${port}`,
        '-o',
        'StrictHostKeyChecking=no',
        '-o',
        'UserKnownHostsFile=/dev/null',
      ]
        .concat(['-o', 'LogLevel=QUIET', '-i', `${sshd.directory}/user`, '-p', String(sshd.options.port)])
        .concat(`${sshd.options.user}@127.0.0.1`),
      { stdio: 'ignore' },
    );
    await listening(port);
    await using host = sshHost({ ...sshd.options, proxy: { socks5: { host: '127.0.0.1', port } } });
    expect((await host.run(['echo', 'in'])).stdout).toBe('in\n');
    await using closed = sshHost({
      ...sshd.options,
      port: await freePort(),
      proxy: { socks5: { host: '127.0.0.1', port } },
    });
    expect(await rejection(closed.run(['true']))).toMatchObject({ code: 'CONNECTION_FAILED' });
    proxy.kill();
  });

  it('goes through a jump host, whose key is verified too', async () => {
    await using host = sshHost({ ...sshd.options, jump: sshd.options });
    expect((await host.run(['echo', 'in'])).stdout).toBe('in\n');
    await using wrong = sshHost({
      ...sshd.options,
      jump: { ...sshd.options, hostKeys: [`SHA256:${'a'.repeat(43)}`] },
    });
    expect(await rejection(wrong.run(['true']))).toMatchObject({ code: 'HOST_KEY_MISMATCH' });
  });

  it('gives up within connectTimeout, and when disposed of, where a jump host does not reach the host', async () => {
    await using jump = await serverThatGoesDown();
    const beyond = { ...sshd.options, jump: jump.options };
    await using host = sshHost({ ...beyond, connectTimeout: 500 });
    expect(await rejection(host.run(['true']))).toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('no answer within 500 ms'),
    });
    const patient = sshHost(beyond);
    const waiting = rejection(patient.run(['true']));
    await sleep(300);
    await patient[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  it('keeps a proxy command out of the way of a Ctrl-C, and ends it with the connection', async () => {
    const { port, host: name } = sshd.options;
    const groupsOf = async (): Promise<string[]> => {
      const argv = ['-o', 'pgid=,args=', '--ppid', String(process.pid)];
      const { stdout } = await promisify(execFile)('ps', argv);
      return stdout.split('\n').filter((line) => line.includes(`nc ${name} ${port}`));
    };
    const host = sshHost({ ...sshd.options, proxy: { command: 'nc %h %p' } });
    await host.run(['true']);
    const own = (await promisify(execFile)('ps', ['-o', 'pgid=', String(process.pid)])).stdout.trim();
    const [line = ''] = await groupsOf();
    expect(line).toContain('nc');
    expect(line.trim().split(' ')[0]).not.toBe(own);
    await host[Symbol.asyncDispose]();
    await until(async () => (await groupsOf()).length === 0);
  });

  it('runs nothing that stands in a host’s or a user’s name beside the proxy command', async () => {
    const made = join(sshd.directory, 'made');
    const proxy = { command: `sh -c 'exit 1' %h %r` };
    for (const names of [{ host: `x;touch ${made};` }, { user: `$(touch ${made})` }, { host: '-oX=y' }]) {
      await using host = sshHost({ ...sshd.options, ...names, proxy });
      expect(await rejection(host.run(['true']))).toMatchObject({ code: 'OPTION_INVALID', option: 'proxy' });
    }
    await expect(access(made)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says which key it cannot use', async () => {
    for (const privateKeyFile of ['/nonexistent', `${sshd.directory}/sshd_config`]) {
      await using host = sshHost({ ...sshd.options, privateKeyFile });
      const error = await rejection(host.run(['true']));
      expect(error).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
      expect(error).toHaveProperty('message', expect.stringContaining(privateKeyFile));
    }
    const { privateKeyFile: _file, ...rest } = sshd.options;
    await using host = sshHost(rest);
    expect(await rejection(host.run(['true']))).toMatchObject({ code: 'OPTION_INVALID' });
  });

  it('is disposed of at once, also while it connects and when nobody answers', async () => {
    await using relay = await startRelay(sshd.options.port);
    const connected = sshHost({ ...sshd.options, port: relay.port });
    await connected.run(['true']);
    relay.freeze();
    const connecting = sshHost({ ...sshd.options, port: relay.port });
    const waiting = rejection(connecting.run(['true']));
    await until(async () => relay.connections === 2);
    await connecting[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ code: 'CONNECTION_FAILED' });
    await connected[Symbol.asyncDispose]();
  });

  it('refuses calls after it was disposed of', async () => {
    const host = sshHost(sshd.options);
    await host.run(['true']);
    await host[Symbol.asyncDispose]();
    expect(await rejection(host.run(['true']))).toMatchObject({ code: 'CONNECTION_FAILED' });
  });
});

describe('a connection that is lost', () => {
  it('leaves the end of a command unknown, and the next call connects again', async () => {
    await using relay = await startRelay(sshd.options.port);
    await using host = sshHost({ ...sshd.options, port: relay.port });
    const running = rejection(host.run(['sh', '-c', 'echo some; sleep 1000']));
    await runningSession(host);
    relay.cut();
    expect(await running).toMatchObject({ name: 'HostConnectionError', code: 'CONNECTION_LOST' });
    expect((await host.run(['echo', 'again'])).stdout).toBe('again\n');
    expect(relay.connections).toBe(2);
  });

  it('never passes half of an output for the whole', async () => {
    await using relay = await startRelay(sshd.options.port);
    await using host = sshHost({ ...sshd.options, port: relay.port });
    await using command = host.stream(['sh', '-c', 'echo half; sleep 1000']);
    await once(command.stdout, 'readable');
    await runningSession(host);
    const reading = rejection(text(command.stdout));
    relay.cut();
    expect(await reading).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(await rejection(command.exit)).toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('is noticed by keep-alive when nothing says so', async () => {
    await using relay = await startRelay(sshd.options.port);
    await using host = sshHost({
      ...sshd.options,
      port: relay.port,
      keepAliveInterval: 500,
      keepAliveCount: 2,
    });
    await host.run(['true']);
    const running = rejection(host.run(['sleep', '1000']));
    await runningSession(host);
    relay.freeze();
    expect(await running).toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('is not one that is slow: an answer waits behind what is sent', async () => {
    const server = createServer((client) => {
      const upstream = connect(sshd.options.port, '127.0.0.1');
      const slowly = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
        for await (const chunk of source) {
          yield chunk;
          await sleep(chunk.length / 400);
        }
      };
      void pipeline(client, slowly, upstream).catch(() => undefined);
      void pipeline(upstream, client).catch(() => undefined);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await using host = sshHost({ ...sshd.options, port, keepAliveInterval: 250, keepAliveCount: 2 });
    const { stdout } = await host.run(['wc', '-c'], { input: randomBytes(800_000) });
    expect(stdout).toBe('800000\n');
    server.close();
  });

  it('ends what ran there', async () => {
    const seconds = uniqueSleep();
    await using relay = await startRelay(sshd.options.port);
    await using observer = sshHost(sshd.options);
    await using host = sshHost({ ...sshd.options, port: relay.port });
    const running = rejection(
      host.run(['sh', '-c', 'trap "" TERM; sleep "$1" & wait; sleep "$1"', 'sh', seconds]),
    );
    await until(async () => (await processesWith(observer, seconds)).length > 1);
    await runningSession(host);
    relay.cut();
    expect(await running).toMatchObject({ code: 'CONNECTION_LOST' });
    await until(async () => (await processesWith(observer, seconds)).length === 0);
  });

  it('leaves what has left its process group', async () => {
    const seconds = uniqueSleep();
    await using relay = await startRelay(sshd.options.port);
    await using observer = sshHost(sshd.options);
    await using host = sshHost({ ...sshd.options, port: relay.port });
    await host.run(['sh', '-c', 'setsid sleep "$1" > /dev/null 2>&1 < /dev/null & ', 'sh', seconds]);
    await host.run(['true']);
    relay.cut();
    await rejection(host.run(['true']));
    expect(await processesWith(observer, seconds)).toHaveLength(1);
    await observer.run(['pkill', '-f', seconds], { reject: false });
  });

  it('leaves the old file when it happens in the middle of a write', async () => {
    await using relay = await startRelay(sshd.options.port);
    await using observer = sshHost(sshd.options);
    await using host = sshHost({ ...sshd.options, port: relay.port });
    const directory = (await observer.run(['mktemp', '-d'])).stdout.trim();
    await observer.writeFile(`${directory}/file`, 'old', { mode: 0o600 });
    const writing = rejection(
      host.writeFile(`${directory}/file`, Buffer.alloc(256 * 1024 * 1024), { mode: 0o600 }),
    );
    await until(async () => (await observer.run(['ls', '-A', directory])).stdout.includes('.cutover-'));
    relay.cut();
    expect(await writing).toMatchObject({ code: 'CONNECTION_LOST' });
    await until(async () => (await observer.run(['ls', '-A', directory])).stdout === 'file\n');
    expect(Buffer.from(await observer.readFile(`${directory}/file`)).toString()).toBe('old');
    await observer.run(['rm', '-r', directory]);
  });
});

/**
 * A second command that runs to its end shows that what was said before it has come, and a third one that our answer to it
 * has arrived.
 */
async function runningSession(host: Host): Promise<void> {
  for (let left = 2; left > 0; left -= 1) await host.run(['true']);
}
