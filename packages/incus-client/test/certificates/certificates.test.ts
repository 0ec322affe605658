import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { accepted, fixtureDaemon, operation, sync } from '../fixture/daemon.ts';

test('the operation of a token, which lasts until the token is used, is not followed', async () => {
  const token = operation({ class: 'token', metadata: { secret: 's', fingerprint: 'f', addresses: [] } });
  await using daemon = await fixtureDaemon((method, path) => {
    if (method === 'POST') return { status: 202, body: accepted(token) };
    return path.endsWith('/wait') ? { body: sync(token) } : { body: sync([]) };
  });
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await client.certificates.createToken({ name: 'new' });
  await client.certificates.list();
  expect(daemon.requests).toEqual(['GET /1.0', 'POST /1.0/certificates', 'GET /1.0/certificates']);
});
