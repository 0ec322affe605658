import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SecretsError } from '../../src/index.ts';
import { decryptFile, encryptFile } from '../../src/sops.ts';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { soak } from '../soak.ts';

const canary = 'CANARY-2b9e';
const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);

async function refusal(bytes: Uint8Array | string, file: string): Promise<SecretsError> {
  const error: unknown = await decryptFile(bytes, { file, identities }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SecretsError);
  if (!(error instanceof SecretsError)) throw new Error('unreachable');
  const shown = `${error.stack ?? ''}${JSON.stringify(error)}${String(error.cause)}`;
  expect(shown).not.toContain(canary);
  expect(error.message).toContain(file);
  return error;
}

const sample = (): Promise<Uint8Array> =>
  encryptFile(`a: ${canary}\nb_unencrypted: ${canary}\n`, { file: 'x.yaml', recipients: [keys.recipient] });

test('a wrong key names the file and whom it is for', async () => {
  const error: unknown = await decryptFile(await sample(), {
    file: 'x.yaml',
    identities: parseIdentities(generateKeyPair().identity),
  }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'NO_IDENTITY', file: 'x.yaml' });
  expect(String(error)).toContain(keys.recipient);
});

test('a torn file is refused wherever it was torn', async () => {
  const bytes = await sample();
  for (let length = 0; length < bytes.length - 2; length += 37)
    expect(await refusal(bytes.subarray(0, length), 'x.yaml')).toBeInstanceOf(SecretsError);
});

test('an unknown recipient type is named', async () => {
  await expect(
    encryptFile('a: 1', {
      file: 'x.yaml',
      recipients: ['age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t'],
    }),
  ).rejects.toThrow(/plugin yubikey/);
  const text = Buffer.from(await sample())
    .toString()
    .replace('    age:', '    martian:\n        - enc: x\n    age:');
  expect((await refusal(text, 'x.yaml')).message).toContain('martian');
});

test('a file for keys of another kind says which command may open it', async () => {
  const text = Buffer.from(await sample()).toString();
  const start = text.indexOf('    age:');
  const pgp = `    pgp:\n        - created_at: "2024-01-01T00:00:00Z"\n          enc: x\n          fp: ABCD\n`;
  const error = await refusal(
    text.slice(0, start) + pgp + text.slice(text.indexOf('    lastmodified')),
    'x.yaml',
  );
  expect(error).toMatchObject({ code: 'NEEDS_SOPS' });
  expect(error.message).toContain('the file is for pgp only: only the sops command knows that');
});

test('a YAML bomb is refused quickly and in bounded memory', async () => {
  const levels = Array.from(
    { length: 12 },
    (_, index) => `l${index + 1}: &l${index + 1} [${Array(10).fill(`*l${index}`).join(', ')}]`,
  );
  const error = await refusal(`l0: &l0 ${canary}\n${levels.join('\n')}\n`, 'bomb.yaml');
  expect(error.code).toBe('LIMIT_EXCEEDED');
});

test('deep nesting is refused, not a crash', async () => {
  for (const [file, text] of [
    ['deep.json', `{"a":${'['.repeat(200_000)}`],
    ['deep.yaml', `a: ${'['.repeat(5_000)}`],
    ['deep2.yaml', `a: ${'{a: '.repeat(3_000)}${'}'.repeat(3_000)}`],
  ] as const) {
    expect((await refusal(text, file)).code).toMatch(/LIMIT_EXCEEDED|PARSE_FAILED/);
  }
});

test('50 MB of input is refused or read within bounds, and never shown', async () => {
  const size = 50 * 1024 * 1024;
  const before = process.memoryUsage().rss;
  await refusal(Buffer.alloc(size, `${canary} `), 'big.json');
  await refusal(Buffer.alloc(size, 0xff), 'big.yaml');
  await refusal(
    Buffer.concat([Buffer.from('a: "'), Buffer.alloc(size, 'x'), Buffer.from('"\n')]),
    'long.yaml',
  );
  await refusal(Buffer.alloc(size * 2, `A=${canary}\n`), 'toobig.env');
  await refusal(Buffer.alloc(size, `- ${canary}\n`), 'list.yaml');
  expect(process.memoryUsage().rss - before).toBeLessThan(1024 * 1024 * 1024);
}, 120_000);

test('no input makes the readers throw anything but their own errors, or show it', async () => {
  const files = ['x.yaml', 'x.json', 'x.env', 'x.ini'];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(
        fc.constantFrom(
          'a',
          ':',
          ' ',
          '\n',
          '-',
          '{',
          '}',
          '[',
          ']',
          '"',
          "'",
          '&x',
          '*x',
          '|',
          '#',
          '=',
          '!',
          '%',
          '\\',
          ',',
          '\t',
          canary,
          'sops',
          '0',
        ),
        { maxLength: 30 },
      ),
      async (file, parts) => {
        expect(await refusal(parts.join(''), file)).toBeInstanceOf(SecretsError);
      },
    ),
    { numRuns: soak(500, 150) },
  );
});

test('random bytes are refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('x.yaml', 'x.json', 'x.env', 'x.ini', 'x.bin'),
      async (bytes, file) => {
        expect(await refusal(bytes, file)).toBeInstanceOf(SecretsError);
      },
    ),
    { numRuns: soak(300, 100) },
  );
});
