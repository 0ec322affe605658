import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { failure, fixtureDaemon } from '../fixture/daemon.ts';

/** One that gives a little, and then nothing more. */
function waitingSource(): Readable {
  const source = new Readable({ read: () => {} });
  source.push('a part');
  return source;
}

test.for([
  ['CONNECTION_LOST', 'hang up'],
  ['FORBIDDEN', { status: 403, body: failure(403, 'not authorized') }],
] as const)(
  'a stream is destroyed when its request has failed, though it waits for its source: %s',
  async ([code, answer]) => {
    await using daemon = await fixtureDaemon(() => answer);
    await using client = await connectIncus({ socketPath: daemon.socketPath });
    const source = waitingSource();
    await expect(client.instances.importBackup(source)).rejects.toMatchObject({ code });
    expect(source.destroyed).toBe(true);
  },
);

test('a stream is destroyed when its request was not sent', async () => {
  await using daemon = await fixtureDaemon(() => undefined);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const [aborted, wrong, closed] = [waitingSource(), waitingSource(), waitingSource()];
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(client.instances.importBackup(aborted, { signal })).rejects.toThrow('enough');
  await expect(client.instances.importBackup(wrong, { name: 'a\nb' })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
  await client.close();
  await expect(client.request('POST', '/1.0/x', { body: closed })).rejects.toThrow('closed');
  expect([aborted, wrong, closed].map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
});

test('a stream that fails is told with its own error, and not as a lost connection', async () => {
  await using daemon = await fixtureDaemon(() => undefined);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const error = new Error('the disk broke');
  async function* failing() {
    yield 'a part';
    throw error;
  }
  await expect(client.instances.importBackup(Readable.from(failing()))).rejects.toBe(error);
});

test('a redirection is not taken for what was asked for', async () => {
  await using daemon = await fixtureDaemon(() => ({ status: 302, body: 'moved' }));
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await expect(client.instances.backups('web').export('b')).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
});
