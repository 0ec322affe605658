import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKeyPair } from '../../src/age/identities.ts';
import { parseSecretsConfig, runtimePath } from '../../src/index.ts';
import { secretsJsonSchema } from '../../src/move/json-schema.ts';

const secret = { name: 'a', source: { host: 'pi', path: '/a' }, file: 'secrets/a.sops' };

test('the published JSON Schema is current (UPDATE_SCHEMA=1 writes it)', async () => {
  const path = join(import.meta.dirname, '../../schema/secrets.schema.json');
  const text = `${JSON.stringify(secretsJsonSchema(), undefined, 2)}\n`;
  if (process.env['UPDATE_SCHEMA'] === '1')
    await import('node:fs/promises').then(({ writeFile }) => writeFile(path, text));
  expect(await readFile(path, 'utf8')).toBe(text);
});

test('defaults are root, 0400 and a path under /run/secrets', () => {
  const [spec] = parseSecretsConfig(JSON.stringify({ secrets: [secret] })).secrets;
  expect(spec).toMatchObject({ kind: 'opaque', owner: 'root', mode: '0400' });
  expect(spec && runtimePath(spec)).toBe('/run/secrets/a');
});

test.each([
  ['two secrets of one name', [secret, { ...secret, file: 'secrets/b.sops' }], /the same name a/],
  ['two secrets in one place', [secret, { ...secret, name: 'b' }], /the same place/],
  [
    'two secrets at one path',
    [
      { ...secret, path: '/x' },
      { ...secret, name: 'b', file: 'secrets/b.sops', path: '/x' },
    ],
    /the same runtime path/,
  ],
  ['YAML without a key', [{ ...secret, file: 'secrets/a.yaml' }], /secrets\.0\.file: .*so a needs a key/],
  ['a key in a whole file', [{ ...secret, key: 'x' }], /so a has no key/],
  ['a file outside the repository', [{ ...secret, file: '../a.sops' }], /inside the repository/],
  ['a relative source', [{ ...secret, source: { host: 'pi', path: 'a' } }], /absolute path/],
  ['a field that is not known', [{ ...secret, colour: 'red' }], /colour/],
])('%s is refused', (_what, secrets, message) => {
  expect(() => parseSecretsConfig(JSON.stringify({ secrets }), 'secrets.yaml')).toThrow(message);
});

test('recipients that are mistyped are told, each with its place; what only a plugin or the library can read is not', () => {
  const { recipient } = generateKeyPair();
  const good = [
    recipient,
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGbVmdWOxr3jNGXgCNNvDLyrdXFXVgIhJ4oZxYlEoqRb ada',
    'age1yubikey1qwerty',
    'age1pq1anything',
  ];
  const of = (recipients: readonly string[]) => JSON.stringify({ recipients, secrets: [secret] });
  expect(parseSecretsConfig(of(good)).recipients).toEqual(good);
  const swapped = `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`;
  const bad = [swapped, recipient.slice(0, -1), 'ssh-ed25519 AAAAB3NzaC1yc2E=', 'AGE-SECRET-KEY-1X'];
  expect(() => parseSecretsConfig(of(bad), 'secrets.yaml')).toThrow(
    /recipients\.0: is mistyped[\s\S]*recipients\.1: is mistyped[\s\S]*recipients\.2: is mistyped[\s\S]*recipients\.3: must be an age recipient/,
  );
});
