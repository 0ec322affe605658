import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { fixtureDaemon } from '../fixture/daemon.ts';

test('events that are refused leave nothing on the signal', async () => {
  await using daemon = await fixtureDaemon(() => undefined);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const { signal } = new AbortController();
  await expect(client.events({ signal }).next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
