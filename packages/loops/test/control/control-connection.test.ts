import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { askSupervisor, streamFromSupervisor } from '../../src/control/control-connection.ts';
import { serveControl } from '../../src/control/control-server.ts';
import { silencePatience } from '../../src/control/requests.ts';

/** Who listens where a supervisor would, and does this with each connection. */
async function listenAs(answer: (connection: Socket) => void, pauseOnConnect = false) {
  const directory = await mkdtemp(join(tmpdir(), 'loops-control-'));
  const path = join(directory, 'control.sock');
  const server = createServer({ pauseOnConnect }, (connection) => {
    connection.write('{"type":"greeting","pid":1}\n');
    answer(connection);
  }).listen(path);
  await once(server, 'listening');
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
      await rm(directory, { recursive: true });
    },
  };
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

describe('an answer of the supervisor', () => {
  it('that comes in pieces is one', async () => {
    await using supervisor = await listenAs((connection) => {
      const bytes = Buffer.from('{"type":"result","result":{"name":"ñ→🦊"}}\n');
      connection.setNoDelay().once('data', () => {
        for (const byte of bytes) connection.write(Buffer.from([byte]));
      });
    });
    expect(await askSupervisor(supervisor.path, 'status', {})).toEqual({ name: 'ñ→🦊' });
  });

  it.each([
    ['before it', '', false],
    ['in the middle of it', '{"type":"result","result":{"rig":"de', false],
    ['before it has read the request', '', true],
  ])('is none when the supervisor is killed %s', async (_, half, isUnread) => {
    await using supervisor = await listenAs((connection) => {
      const kill = (): void => void connection.write(half, () => connection.destroy());
      if (isUnread) setImmediate(kill);
      else connection.once('data', kill);
    }, isUnread);
    await expect(askSupervisor(supervisor.path, 'status', {})).rejects.toMatchObject({
      code: 'SUPERVISOR_ABSENT',
    });
  });

  it('that is a stream has whole items only', async () => {
    await using supervisor = await listenAs((connection) => {
      connection.once('data', () =>
        connection.end('{"type":"item","item":1}\n{"type":"item","item":2}\n{"type":"item","item":3'),
      );
    });
    const items: unknown[] = [];
    for await (const item of streamFromSupervisor(supervisor.path, 'events', {})) items.push(item);
    expect(items).toEqual([1, 2]);
  });

  it('is given up when its caller says so', async () => {
    const caller = new AbortController();
    await using supervisor = await listenAs((connection) => {
      connection.once('data', () => caller.abort());
    });
    await expect(
      askSupervisor(supervisor.path, 'status', {}, { signal: caller.signal }),
    ).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it.concurrent('is waited for as long as its supervisor is at work, longer than a silent one is', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'loops-control-'));
    const path = join(directory, 'control.sock');
    const slow = async (): Promise<string> => delay(silencePatience + 500, 'done');
    await using _server = await serveControl(path, slow);
    expect(await askSupervisor(path, 'status', {})).toBe('done');
    await rm(directory, { recursive: true });
  });

  it.concurrent('is given up when its supervisor is stopped, which then does nothing of it when it goes on', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'loops-control-'));
    const path = join(directory, 'control.sock');
    const seen: string[] = [];
    const server = createServer((connection) => {
      connection.on('error', () => connection.destroy());
      connection.on('data', (bytes) => void seen.push(bytes.toString()));
    }).listen(path);
    await once(server, 'listening');
    await expect(askSupervisor(path, 'end', { reason: 'a test', stop: true })).rejects.toMatchObject({
      code: 'SUPERVISOR_SILENT',
    });
    server.close();
    await once(server, 'close');
    expect(seen).toEqual([]);
    await rm(directory, { recursive: true });
  });
});

describe('a client', () => {
  it('that stops reading a stream is hung up on, before what waits for it fills the memory', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'loops-control-'));
    const item = 'x'.repeat(2 ** 20);
    let items = 0;
    const { promise: ended, resolve: end } = withResolvers();
    const server = await serveControl(join(directory, 'control.sock'), async (_request, signal) => {
      async function* stream() {
        while (!signal.aborted && items < 200) {
          items += 1;
          yield item;
          await delay(1);
        }
        end();
      }
      return stream();
    });
    const client = connect(join(directory, 'control.sock')).pause();
    client.on('error', () => undefined);
    client.write('{"method":"watch"}\n');
    await ended;
    expect(items).toBeLessThan(50);
    client.destroy();
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
});
