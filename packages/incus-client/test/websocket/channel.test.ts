import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { Channel } from '../../src/websocket/channel.ts';

test('what is written when the socket has gone waits until it is known why, and then fails with that', async () => {
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  let tell: (error: Error) => void = () => {};
  const why = new Promise<Error>((resolve) => {
    tell = resolve;
  });
  const channel = new Channel(socket, { lost: () => why });
  const failed = new Promise<Error>((resolve) => {
    channel.once('error', resolve);
  });
  socket.destroy(new Error('EPIPE'));
  const taken: unknown[] = [];
  channel.write('somewhere', (error) => taken.push(error));
  channel.write('else', (error) => taken.push(error));
  await setImmediate();
  expect(taken).toEqual([]);
  const refusal = new Error('the command was never started');
  tell(refusal);
  expect(await failed).toBe(refusal);
  await setImmediate();
  expect(taken).toEqual([refusal, refusal]);
});

test('what is written to a console whose socket has gone does not keep it from its end', async () => {
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  const channel = new Channel(socket, { endsWithSocket: true });
  const closed = new Promise((resolve) => {
    channel.once('close', resolve);
  });
  channel.resume();
  socket.destroy();
  const taken = new Promise((resolve) => {
    channel.write('a key', resolve);
  });
  await expect(Promise.all([closed, taken])).resolves.toHaveLength(2);
});

test('a socket that has gone before its channel was made is lost, and a console on it ends', async () => {
  const socket = new Duplex({ read: () => {} });
  socket.destroy();
  await once(socket, 'close');
  const read = async (channel: Channel) => {
    for await (const _chunk of channel);
  };
  await expect(read(new Channel(socket))).rejects.toThrow('lost');
  await read(new Channel(socket, { endsWithSocket: true }));
});
