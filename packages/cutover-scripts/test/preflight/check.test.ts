import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { localHost } from '@cutover/host';
import { expect, test } from 'vitest';
import { type Check, findingOf } from '../../src/preflight/check.ts';

const never = new AbortController().signal;
const checkOf = (look: Check['look']): Check => ({ name: 'forge', look });

test('a server that says nothing is told as one that does not answer', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await using here = localHost();
  const look = checkOf(async (signal) => {
    await here.run(['git', 'ls-remote', `git://127.0.0.1:${port}/app`], { signal });
    return { ok: true, evidence: {} };
  });
  expect(await findingOf(look, never, 300)).toEqual({
    name: 'forge',
    ok: false,
    evidence: {},
    reason: 'no answer within 0.3 s',
  });
  server.close();
  for (const socket of sockets) socket.destroy();
});

test('what git says of a failure is one line, without what it says of each', async () => {
  await using here = localHost();
  const look = checkOf(async (signal) => {
    await here.run(['git', 'ls-remote', 'ssh://git@127.0.0.1:1/app'], { signal });
    return { ok: true, evidence: {} };
  });
  const { reason } = await findingOf(look, never);
  expect(reason).toMatch(/Connection refused$/);
  expect(reason).not.toMatch(/\n|repository exists/);
});

test('a person who gives up ends the look', async () => {
  const given = new AbortController();
  const look = checkOf(async (signal) => {
    given.abort(new Error('Ctrl-C'));
    signal.throwIfAborted();
    return { ok: true, evidence: {} };
  });
  await expect(findingOf(look, given.signal)).rejects.toThrow('Ctrl-C');
});
