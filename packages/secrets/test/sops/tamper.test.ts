import { expect, test } from 'vitest';
import { SecretsError } from '../../src/index.ts';
import { decryptFile, encryptFile } from '../../src/sops.ts';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { soak } from '../soak.ts';

const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);
const plain = {
  'x.yaml': 'a: CANARY-7d1f\nb:\n    - 12\n    - true\n# note\nc: 1.5\n',
  'x.json': '{"a": "CANARY-7d1f", "b": [12, true, 1.5]}',
  'x.env': 'A=CANARY-7d1f\nB=2\n',
  'x.ini': '[s]\na = CANARY-7d1f\n',
  'x.bin': 'CANARY-7d1f\0\u0001',
} as const;

test.each(Object.entries(plain))(
  'a change of any single byte of ciphertext, MAC or lastmodified of %s is rejected',
  async (file, text) => {
    const whole = Buffer.from(await encryptFile(text, { file, recipients: [keys.recipient] })).toString(
      'latin1',
    );
    // Comments are not part of the MAC, and a changed one that is no ENC[…] any more is a plain comment: sops too.
    const spans = [
      ...whole.matchAll(/ENC\[AES256_GCM[^\]]*\]|(?<=lastmodified"?\s*[:=]\s*"?)\d[\dTZ:-]+/g),
    ].filter(({ 0: found }) => !found.endsWith('type:comment]'));
    const positions = spans.flatMap(({ index, 0: found }) => Array.from(found, (_, at) => index + at));
    expect(spans.length).toBeGreaterThan(2);
    const changes = soak(everyBit(positions), someBits(positions));
    for (const [at, bit] of changes) {
      const changed = Buffer.from(whole, 'latin1');
      changed[at] = (changed[at] ?? 0) ^ bit;
      const error = await decryptFile(changed, { file, identities }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect({ at, bit, refused: error instanceof SecretsError }).toEqual({ at, bit, refused: true });
      expect(String(error)).not.toContain('CANARY');
    }
  },
  600_000,
);

/** Every bit of every byte, and so every byte in eight ways. */
function everyBit(positions: readonly number[]): [number, number][] {
  return positions.flatMap((at) => Array.from({ length: 8 }, (_, bit): [number, number] => [at, 1 << bit]));
}

/** One bit of some thirty bytes, all over the file. */
function someBits(positions: readonly number[]): [number, number][] {
  const step = Math.ceil(positions.length / 30);
  return positions.flatMap((at, index): [number, number][] =>
    index % step === 0 ? [[at, 1 << (index % 8)]] : [],
  );
}

test('values cannot change places, nor be taken from another file', async () => {
  const text = Buffer.from(
    await encryptFile('a: one\nb: two\n', { file: 'x.yaml', recipients: [keys.recipient] }),
  ).toString();
  const [a = '', b = ''] = text.match(/ENC\[[^\]]*\]/g) ?? [];
  const swapped = text.replace(a, '<a>').replace(b, a).replace('<a>', b);
  await expect(decryptFile(swapped, { file: 'x.yaml', identities })).rejects.toMatchObject({
    code: 'DECRYPT_FAILED',
    key: 'a',
  });
});

test('reordered, added and removed values are rejected', async () => {
  const text = Buffer.from(
    await encryptFile('a: 1\nb_unencrypted: x1\nc_unencrypted: y1\n', {
      file: 'x.yaml',
      recipients: [keys.recipient],
    }),
  ).toString();
  for (const changed of [
    text.replace('b_unencrypted: x1\nc_unencrypted: y1', 'c_unencrypted: y1\nb_unencrypted: x1'),
    text.replace('c_unencrypted: y1\n', ''),
    text.replace('c_unencrypted: y1\n', 'c_unencrypted: y1\nd_unencrypted: z\n'),
    text.replace('b_unencrypted: x1', 'b_unencrypted: z'),
  ]) {
    await expect(decryptFile(changed, { file: 'x.yaml', identities })).rejects.toMatchObject({
      code: 'MAC_MISMATCH',
      file: 'x.yaml',
    });
  }
});
