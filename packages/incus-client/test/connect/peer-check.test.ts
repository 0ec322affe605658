import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IncusConnectionError } from '../../src/errors.ts';
import { certificateFingerprint } from '../../src/certificates/certificate-facts.ts';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import {
  type GeneratedCertificate,
  generateClientCertificate,
} from '../../src/connect/generate-certificate.ts';
import { enrol } from '../../src/connect/trust-token.ts';
import { pinned } from '../../src/connect/peer-check.ts';
import { createTransport } from '../../src/transport/transport.ts';

let impostor: { readonly url: string; bytes: number; connections: number; close(): void };
let wanted: GeneratedCertificate;

beforeAll(async () => {
  wanted = await generateClientCertificate({ commonName: 'the real server' });
  const other = await generateClientCertificate({ commonName: 'another server' });
  const server = createServer(other).listen(0, '127.0.0.1');
  await once(server, 'listening');
  impostor = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: 0,
    connections: 0,
    close: () => server.close(),
  };
  server.on('connection', () => {
    impostor.connections += 1;
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      impostor.bytes += chunk.length;
    });
  });
});
afterAll(() => impostor.close());

async function refusal(attempt: Promise<unknown>): Promise<IncusConnectionError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(IncusConnectionError);
  return error as IncusConnectionError;
}

test('a server with another certificate than the pinned one gets no byte of a request', async () => {
  const client = await generateClientCertificate({ commonName: 'client' });
  const { code, message } = await refusal(
    connectIncus({ url: impostor.url, ...client, serverCert: wanted.cert }),
  );
  expect(code).toBe('SERVER_UNTRUSTED');
  expect(message).toContain(certificateFingerprint(wanted.cert));
  expect(impostor).toMatchObject({ bytes: 0 });
  expect(impostor.connections).toBeGreaterThan(0);
});

test('nor of a websocket', async () => {
  await using transport = createTransport({
    origin: impostor.url,
    tls: { checkPeer: pinned(certificateFingerprint(wanted.cert), impostor.url) },
  });
  expect((await refusal(transport.upgrade('/1.0/events', 'websocket', {}))).code).toBe('SERVER_UNTRUSTED');
  expect(impostor.bytes).toBe(0);
});

test('nor a token, which was issued by another server', async () => {
  const client = await generateClientCertificate({ commonName: 'client' });
  const token = {
    client_name: 'me',
    fingerprint: certificateFingerprint(wanted.cert),
    addresses: [],
    secret: 's',
    expires_at: '0001-01-01T00:00:00Z',
  };
  const attempt = enrol(Buffer.from(JSON.stringify(token)).toString('base64'), {
    ...client,
    url: impostor.url,
  });
  expect((await refusal(attempt)).code).toBe('SERVER_UNTRUSTED');
  expect(impostor.bytes).toBe(0);
});

test('without a pin, a certificate that nobody vouches for is refused', async () => {
  const { code, message } = await refusal(connectIncus({ url: impostor.url }));
  expect(code).toBe('SERVER_UNTRUSTED');
  expect(message).toContain('serverCert');
});
