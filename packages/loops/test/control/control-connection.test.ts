import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { askSupervisor, streamFromSupervisor } from '../../src/index.ts';

/** Who listens where a supervisor would, and does this with each connection. */
async function listenAs(answer: (connection: Socket) => void, pauseOnConnect = false) {
  const directory = await mkdtemp(join(tmpdir(), 'loops-control-'));
  const path = join(directory, 'control.sock');
  const server = createServer({ pauseOnConnect }, answer).listen(path);
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

describe('an answer of the supervisor', () => {
  it('that comes in pieces is one', async () => {
    await using supervisor = await listenAs((connection) => {
      const bytes = Buffer.from('{"result":{"name":"ñ→🦊"}}\n');
      connection.setNoDelay().once('data', () => {
        for (const byte of bytes) connection.write(Buffer.from([byte]));
      });
    });
    expect(await askSupervisor(supervisor.path, 'status', undefined)).toEqual({ name: 'ñ→🦊' });
  });

  it.each([
    ['before it', '', false],
    ['in the middle of it', '{"result":{"rig":"de', false],
    ['before it has read the request', '', true],
  ])('is none when the supervisor is killed %s', async (_, half, isUnread) => {
    await using supervisor = await listenAs((connection) => {
      const kill = (): void => void connection.write(half, () => connection.destroy());
      if (isUnread) setImmediate(kill);
      else connection.once('data', kill);
    }, isUnread);
    await expect(askSupervisor(supervisor.path, 'status', undefined)).rejects.toMatchObject({
      code: 'SUPERVISOR_ABSENT',
    });
  });

  it('that is a stream has whole items only', async () => {
    await using supervisor = await listenAs((connection) => {
      connection.once('data', () => connection.end('{"item":1}\n{"item":2}\n{"item":3'));
    });
    const items: unknown[] = [];
    for await (const item of streamFromSupervisor(supervisor.path, 'events', undefined)) items.push(item);
    expect(items).toEqual([1, 2]);
  });

  it('is given up when its caller says so', async () => {
    const caller = new AbortController();
    await using supervisor = await listenAs((connection) => {
      connection.once('data', () => caller.abort());
    });
    await expect(askSupervisor(supervisor.path, 'status', undefined, caller.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
