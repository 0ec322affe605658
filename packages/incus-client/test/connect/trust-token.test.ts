import { createPrivateKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { generateClientCertificate } from '../../src/connect/generate-certificate.ts';
import { decodeTrustToken, enrol } from '../../src/connect/trust-token.ts';

const token = (fields: object) => Buffer.from(JSON.stringify(fields)).toString('base64');
const fields = {
  client_name: 'me',
  fingerprint: 'ab',
  addresses: ['10.0.0.1:8443'],
  secret: 's',
  expires_at: '0001-01-01T00:00:00Z',
};

test('a token without an expiry is taken', () => {
  expect(decodeTrustToken(token(fields))).toEqual(fields);
});

test.each([
  ['an expired one', token({ ...fields, expires_at: '2020-01-01T00:00:00Z' }), /expired at 2020/],
  ['one without a fingerprint', token({ ...fields, fingerprint: undefined }), /names no server/],
  ['one with addresses that are none', token({ ...fields, addresses: [5] }), /names no server/],
  ['what is none', 'hello', /does not decode/],
])('%s is refused', (_what, text, message) => {
  expect(() => decodeTrustToken(text)).toThrow(
    expect.objectContaining({ code: 'TOKEN_REFUSED', message: expect.stringMatching(message) }),
  );
});

test('what cannot enrol is told before anything is sent', async () => {
  const mine = await generateClientCertificate({ commonName: 'me' });
  const { key: other } = await generateClientCertificate({ commonName: 'other' });
  const encrypted = createPrivateKey(mine.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' })
    .toString();
  // Nothing listens there: what is sent in vain would be CONNECTION_FAILED.
  const nowhere = token({ ...fields, fingerprint: 'ab'.repeat(32), addresses: ['127.0.0.1:1'] });
  for (const [options, message] of [
    [{ cert: mine.cert, key: encrypted }, /is encrypted/],
    [{ cert: mine.cert, key: encrypted, passphrase: 'wrong' }, /does not open/],
    [{ cert: mine.cert, key: other }, /belongs to/],
    [{ cert: mine.cert, key: 'garbage' }, /not a private key/],
    [{ cert: 'garbage', key: mine.key }, /the client certificate is not a certificate/],
    [{ ...mine, url: '127.0.0.1:1' }, /not an address/],
    [{ ...mine, url: 'http://127.0.0.1:1' }, /https/],
  ] as const)
    await expect(enrol(nowhere, options)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(message),
    });
  await expect(enrol(nowhere, { cert: mine.cert, key: encrypted, passphrase: 'open' })).rejects.toMatchObject(
    { code: 'CONNECTION_FAILED' },
  );
});
