import { X509Certificate, createPrivateKey } from 'node:crypto';
import { createServer, connect } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { describeCertificate } from '../../src/certificates/certificate-facts.ts';
import { generateClientCertificate } from '../../src/connect/generate-certificate.ts';

test('a generated certificate is its own issuer, signed by its key, for client authentication', async () => {
  const { cert, key } = await generateClientCertificate({ commonName: 'Zoë @ b1', days: 30 });
  const certificate = new X509Certificate(cert);
  expect(certificate.subject).toBe('CN=Zoë @ b1');
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(certificate.ca).toBe(false);
  const { notBefore, notAfter } = describeCertificate(cert);
  expect(notBefore.getTime()).toBeLessThan(Date.now());
  expect(Math.round((notAfter.getTime() - Date.now()) / 86_400_000)).toBe(30);
});

test('one that outlives 2049 has a date that is read as meant', async () => {
  const { cert } = await generateClientCertificate({ commonName: 'x', days: 365 * 60 });
  expect(describeCertificate(cert).notAfter.getFullYear()).toBeGreaterThan(2080);
});

test('a TLS server that asks for a certificate gets it', async () => {
  const server = await generateClientCertificate({ commonName: 'server' });
  const client = await generateClientCertificate({ commonName: 'client' });
  const listener = createServer({ ...server, requestCert: true, rejectUnauthorized: false }).listen(
    0,
    '127.0.0.1',
  );
  await once(listener, 'listening');
  const shown = new Promise<string>((resolve) => {
    listener.on('secureConnection', (socket) => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase() ?? 'none');
      socket.end();
    });
  });
  const socket = connect({
    port: (listener.address() as AddressInfo).port,
    host: '127.0.0.1',
    ...client,
    rejectUnauthorized: false,
  });
  socket.on('error', () => {});
  expect(await shown).toBe(describeCertificate(client.cert).fingerprint);
  socket.destroy();
  listener.close();
});
