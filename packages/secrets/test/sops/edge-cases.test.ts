import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type EncryptOptions, decryptFile, encryptFile } from '../../src/sops.ts';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { readPlainScalar } from '../../src/sops/formats/go-scalar.ts';
import { plainBytes } from '../../src/sops/value-text.ts';
import { runSops, sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);
const sops = sopsCommand('3.13.2');

const encrypt = (
  text: string | Uint8Array,
  file = 'x.yaml',
  more: Partial<EncryptOptions> = {},
): Promise<Uint8Array> => encryptFile(text, { file, recipients: [keys.recipient], ...more });
const roundTrip = async (
  text: string,
  file = 'x.yaml',
  more: Partial<EncryptOptions> = {},
): Promise<string> =>
  Buffer.from((await decryptFile(await encrypt(text, file, more), { file, identities })).plaintext).toString(
    'utf8',
  );

/** What sops makes of our file, or ours again where it is not there. */
async function throughSops(
  text: string,
  file = 'x.yaml',
  more: Partial<EncryptOptions> = {},
): Promise<string> {
  if (sops === undefined) return roundTrip(text, file, more);
  const path = join(await temporaryDirectory(), file);
  await writeFile(path, await encrypt(text, file, more));
  return runSops(sops, ['decrypt', path], keys).toString();
}

describe('scalars as Go reads them', () => {
  test.each([
    ['0777', '511'],
    ['1_000', '1000'],
    ['0b101', '5'],
    ['1e21', '1000000000000000000000'],
    ['-0.0', '-0'],
    ['.inf', '+Inf'],
    ['-.INF', '-Inf'],
    ['.NaN', 'NaN'],
    ['1e400', '1e400'],
    ['0o17', '15'],
    ['0x1F', '31'],
    ['-0b11', '-3'],
    ['08', '8'],
    ['1e-7', '0.0000001'],
    ['5.', '5'],
    ['yes', 'yes'],
    ['True', 'True'],
    ['9223372036854775807', '9223372036854775807'],
    ['2024-1-2', '2024-01-02T00:00:00Z'],
    ['2001-12-14t21:59:43.10-05:00', '2001-12-14T21:59:43.1-05:00'],
    ['2024-02-30', '2024-02-30'],
  ])('%s is %s for the MAC', (source, expected) => {
    const value = readPlainScalar(source);
    if (value.type === 'uint64' || value.type === 'null') throw new Error('not a scalar that is hashed');
    expect(Buffer.from(plainBytes(value)).toString()).toBe(expected);
  });

  test('unencrypted values of every kind keep the MAC that sops computes', async () => {
    const scalars = [
      '0777',
      '1_000',
      '0b101',
      '1e21',
      '-0.0',
      '.inf',
      '1e400',
      '2024-01-02',
      'true',
      'yes',
      '1.50',
      '0x1F',
    ];
    const text = scalars.map((scalar, index) => `k${index}_unencrypted: ${scalar}\n`).join('');
    await expect(throughSops(text)).resolves.toContain('k0_unencrypted: 511');
  });

  test('a number above int64 is refused by name', async () => {
    await expect(encrypt('a: 18446744073709551615\n')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      line: 1,
    });
  });

  test('!!binary decodes to its text', async () => {
    await expect(throughSops('a: !!binary aGVsbG8=\n')).resolves.toBe('a: hello\n');
  });

  test('integers above 2^53 stay exact in YAML and JSON', async () => {
    await expect(throughSops('a: 9007199254740993\n')).resolves.toBe('a: 9007199254740993\n');
    await expect(throughSops('{"a": 9007199254740993}', 'x.json')).resolves.toContain('9007199254740993');
  });
});

test('keys that look like numbers keep their order', async () => {
  await expect(throughSops('{"z": 1, "10": 2, "2": 3, "a": 4}', 'x.json')).resolves.toMatch(
    /z[^]*10[^]*2[^]*a/,
  );
  await expect(throughSops('z: 1\n"10": 2\n"2": 3\n')).resolves.toBe('z: 1\n"10": 2\n"2": 3\n');
});

test('a comment in a list is never hashed, and sops 3.13.2 opens ours though not its own', async () => {
  const text = 'a:\n    # first\n    - x\n    # second\n    - "y"\n';
  await expect(throughSops(text)).resolves.toBe(text);
  await expect(roundTrip(text)).resolves.toBe(text);
});

test.skipIf(sops === undefined)('we open a file in which sops wrote a list comment as an item', async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'p.yaml'), 'a:\n    - x\n    # second\n    - z\n');
  const theirs = runSops(sops ?? '', ['encrypt', '--age', keys.recipient, join(directory, 'p.yaml')]);
  const opened = await decryptFile(theirs, { file: 'x.yaml', identities });
  expect(Buffer.from(opened.plaintext).toString()).toBe('a:\n    - x\n    # second\n    - z\n');
});

test('several documents have one MAC, and their metadata is in each', async () => {
  const text = 'a: 1\n---\na: 2\nb: [3]\n';
  const bytes = await encrypt(text);
  expect(
    Buffer.from(bytes)
      .toString()
      .match(/^sops:/gm),
  ).toHaveLength(2);
  await expect(throughSops(text)).resolves.toBe('a: 1\n---\na: 2\nb:\n    - 3\n');
});

test('anchors are written out', async () => {
  await expect(throughSops('a: &x {k: 1}\nb: *x\n')).resolves.toBe('a:\n    k: 1\nb:\n    k: 1\n');
});

test('empty strings, null, and empty maps and lists stay as they are', async () => {
  const text = 'a: ""\nb: null\nc: {}\nd: []\n';
  await expect(throughSops(text)).resolves.toBe(text);
});

test('the MAC may cover encrypted values only', async () => {
  const more = { macOnlyEncrypted: true, rule: { kind: 'encrypted_regex', value: '^s' } } as const;
  await expect(throughSops('s: 1\nopen: 2\n', 'x.yaml', more)).resolves.toBe('s: 1\nopen: 2\n');
  const bytes = Buffer.from(await encrypt('s: 1\nopen: 2\n', 'x.yaml', more)).toString();
  await expect(
    decryptFile(bytes.replace('open: 2', 'open: 3'), { file: 'x.yaml', identities }),
  ).resolves.toBeDefined();
});

test('dotenv has no quoting, and a literal \\n is a newline', async () => {
  await expect(throughSops('A="x y" # not a comment\nexport B=1\nC=a\\nb\n', 'x.env')).resolves.toBe(
    'A="x y" # not a comment\nexport B=1\nC=a\\nb\n',
  );
});

test('a file of sops before 3.10 may have null and empty lists for keys it does not use', async () => {
  const bytes = Buffer.from(await encrypt('a: 1\n')).toString();
  const old = bytes
    .replace('sops:\n', 'sops:\n    kms: []\n    gcp_kms: null\n    azure_kv: []\n    pgp: []\n')
    .replace('enc: |\n', 'enc: |-\n');
  await expect(decryptFile(old, { file: 'x.yaml', identities })).resolves.toBeDefined();
});

test.each([
  ['a list at the top', '- a\n', 'UNSUPPORTED'],
  ['a scalar at the top', 'hello\n', 'UNSUPPORTED'],
  ['a key that is no text', '1: a\n', 'UNSUPPORTED'],
  ['a key that is a map', '{a: 1}: b\n', 'UNSUPPORTED'],
  ['duplicate keys', 'a: 1\na: 2\n', 'PARSE_FAILED'],
  ['a sops key', 'sops: 1\n', 'ALREADY_ENCRYPTED'],
  ['an unknown tag', 'a: !vault x\n', 'UNSUPPORTED'],
  ['a line separator of Unicode', 'a: "\u2028"\n', 'UNSUPPORTED'],
])('%s is refused', async (_what, text, code) => {
  await expect(encrypt(text)).rejects.toMatchObject({ code, file: 'x.yaml' });
});

test('duplicate keys in JSON are refused', async () => {
  await expect(encrypt('{"a": 1, "a": 2}', 'x.json')).rejects.toMatchObject({
    code: 'PARSE_FAILED',
    line: 1,
  });
});

test('more than one selection rule is refused', async () => {
  const bytes = Buffer.from(await encrypt('a: 1\n')).toString();
  const two = bytes.replace(
    'unencrypted_suffix: _unencrypted',
    'unencrypted_suffix: _unencrypted\n    encrypted_suffix: x',
  );
  await expect(decryptFile(two, { file: 'x.yaml', identities })).rejects.toMatchObject({
    code: 'METADATA_INVALID',
  });
});

test('a regular expression that RE2 would not read is refused, not guessed', async () => {
  for (const value of ['(?=a)', '\\1', '(?<!x)y', '[[:nope:]]', '(?x)y']) {
    await expect(
      encrypt('a: 1\n', 'x.yaml', { rule: { kind: 'encrypted_regex', value } }),
    ).rejects.toMatchObject({ code: 'RULE_INVALID' });
  }
});
