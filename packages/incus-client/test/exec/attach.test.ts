import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { accepted, fixtureDaemon, operation } from '../fixture/daemon.ts';

test(
  'where one channel of a command is lost, those that are still to be attached are not waited for',
  { timeout: 15_000 },
  async () => {
    const fds = { '0': 'of-0', '1': 'of-1', '2': 'of-2', control: 'of-control' };
    await using daemon = await fixtureDaemon(
      (method) =>
        method === 'POST' ? { status: 202, body: accepted(operation({ metadata: { fds } })) } : 'hang up',
      ({ searchParams }, socket) => {
        if (searchParams.get('secret') === null) return false;
        // The others get no answer.
        if (searchParams.get('secret') === 'of-1') socket.destroy();
        return true;
      },
    );
    await using client = await connectIncus({ socketPath: daemon.socketPath });
    await expect(client.exec.run('web', ['true'])).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('it may run'),
    });
  },
);

test('a command is not started before its signals have a way', async () => {
  const fds = { '0': 'of-0', '1': 'of-1', '2': 'of-2', control: 'of-control' };
  const asked: string[] = [];
  await using daemon = await fixtureDaemon(
    (method) =>
      method === 'POST' ? { status: 202, body: accepted(operation({ metadata: { fds } })) } : 'hang up',
    ({ searchParams }) => {
      const secret = searchParams.get('secret');
      if (secret === null) return false;
      // None of them gets an answer.
      asked.push(secret);
      return true;
    },
  );
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const aborting = new AbortController();
  const running = client.exec.run('web', ['true'], { signal: aborting.signal });
  await expect.poll(() => asked.length).toBe(3);
  await delay(200);
  expect(asked.toSorted()).toEqual(['of-0', 'of-1', 'of-control']);
  aborting.abort();
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
});
