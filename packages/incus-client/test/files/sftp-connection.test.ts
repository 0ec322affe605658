import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { SftpConnection } from '../../src/files/sftp/connection.ts';
import { sftpCalls } from '../../src/files/sftp/calls.ts';

const version = Buffer.from([0, 0, 0, 5, 2, 0, 0, 0, 3]);

/** A server that greets, and then answers each request with the same bytes: in a virtual machine it is the guest's. */
function server(answer: readonly number[]): Duplex {
  let greeted = false;
  return new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      this.push(greeted ? Buffer.from(answer) : version);
      greeted = true;
      done();
    },
  });
}

const transport = {
  server: 'unix:/socket',
  watch: () => ({ progress: () => {}, [Symbol.dispose]: () => {} }),
};

test.for([
  ['shorter than any', [0, 0, 0, 1, 101]],
  ['larger than memory', [0xff, 0xff, 0xff, 0xff, 101]],
  ['attributes that are cut short', [0, 0, 0, 9, 105, 0, 0, 0, 1, 0, 0, 0, 15]],
  ['a message that is cut short', [0, 0, 0, 17, 101, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 99, 1, 1, 1, 1]],
] as const)('an answer that breaks the protocol is an error and no more: %s', async ([, answer]) => {
  const connection = await SftpConnection.open(server(answer), transport);
  await expect(sftpCalls(connection).lstat('/x')).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
  connection.close();
});

test('who gives up before the greeting does not wait for it', async () => {
  const aborted = AbortSignal.abort(new Error('enough'));
  await expect(SftpConnection.open(server([]), transport, aborted)).rejects.toThrow('enough');
});

test('a socket that has gone before the greeting is an error', async () => {
  const socket = server([]);
  socket.destroy();
  await once(socket, 'close');
  await expect(SftpConnection.open(socket, transport)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});
