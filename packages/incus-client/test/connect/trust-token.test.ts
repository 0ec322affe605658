import { expect, test } from 'vitest';
import { decodeTrustToken } from '../../src/connect/trust-token.ts';

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
  ['what is none', 'hello', /does not decode/],
])('%s is refused', (_what, text, message) => {
  expect(() => decodeTrustToken(text)).toThrow(
    expect.objectContaining({ code: 'TOKEN_REFUSED', message: expect.stringMatching(message) }),
  );
});
