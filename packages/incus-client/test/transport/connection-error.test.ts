import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { connectionError } from '../../src/transport/connection-error.ts';

test.for(['ETIMEDOUT', 'EHOSTUNREACH'])(
  'a connection that was there and ended with %s is lost: the request may have had an effect',
  (code) => {
    // As Node gives it when the kernel's keep-alive had no answer.
    const error = Object.assign(new Error(`read ${code}`), { code, syscall: 'read' });
    expect(
      connectionError(error, 'https://b1:8443', { method: 'POST', path: '/1.0/instances' }),
    ).toMatchObject({
      code: 'CONNECTION_LOST',
    });
  },
);

test.for([
  { socketPath: '/nowhere/unix.socket' },
  { url: 'https://127.0.0.1:1' },
  { url: 'https://nowhere.invalid' },
])('a connection that never was has carried nothing: %j', async (options) => {
  await expect(connectIncus(options)).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
});
