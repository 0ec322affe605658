import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { fixtureDaemon, sync } from '../fixture/daemon.ts';

test('many calls may share a signal: Node warns of no leak, and nothing is left on it', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  try {
    await using daemon = await fixtureDaemon(() => ({ body: sync([]) }));
    await using client = await connectIncus({ socketPath: daemon.socketPath });
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => client.instances.list({ signal })));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(warnings).toEqual([]);
  } finally {
    process.off('warning', note);
  }
});
