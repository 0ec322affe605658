import { type Host, localHost, sshHost } from '@cutover/host';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { collect, parseSecretsConfig, type SecretsConfig, verifySecrets } from '../../src/index.ts';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { temporaryDirectory } from '../temporary.ts';

const [first, second] = [generateKeyPair(), generateKeyPair()];

/** Two secrets of two sources, in place here; the files are for the first key alone. */
async function fixture(): Promise<{ config: SecretsConfig; root: string }> {
  const root = await temporaryDirectory();
  await mkdir(join(root, 'secrets'));
  const uid = String(process.getuid?.() ?? 0);
  const secrets = ['one', 'two'].map((name) => ({
    name,
    source: { host: `${name}-host`, path: join(root, `source-${name}`) },
    file: `secrets/${name}.sops`,
    path: join(root, name),
    owner: uid,
  }));
  for (const { name, file, path, source } of secrets) {
    for (const place of [path, source.path]) await writeFile(place, `${name}\n`, { mode: 0o400 });
    await writeFile(
      join(root, file),
      await encryptFile(`${name}\n`, { file, recipients: [first.recipient] }),
    );
  }
  return { config: parseSecretsConfig(JSON.stringify({ repository: root, secrets })), root };
}

/** This machine under another name. */
function named(name: string): Host {
  const host = localHost();
  return {
    name,
    run: (...args) => host.run(...args),
    stream: (...args) => host.stream(...args),
    readFile: (...args) => host.readFile(...args),
    writeFile: (...args) => host.writeFile(...args),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

const nobody = (): Host => sshHost({ host: '127.0.0.1', port: 1, user: 'nobody', agent: '/nonexistent' });

test('each host is held to its own key: what opens with the one of another is not decryptable there', async () => {
  const { config, root } = await fixture();
  const identities = new Map([
    ['a', parseIdentities(first.identity)],
    ['b', parseIdentities(second.identity)],
  ]);
  const rows = await verifySecrets({
    config,
    to: [named('a'), named('b')],
    repository: root,
    identities: async ({ name }) => identities.get(name) ?? [],
  });
  expect(rows.map(({ secret, host, decryptable, ok }) => [secret, host, decryptable, ok])).toEqual([
    ['one', 'a', 'yes', true],
    ['one', 'b', 'no', false],
    ['two', 'a', 'yes', true],
    ['two', 'b', 'no', false],
  ]);
});

test('a host that is not reached gives rows of unknown, and the others keep theirs', async () => {
  const { config, root } = await fixture();
  await using away = nobody();
  const rows = await verifySecrets({
    config,
    to: [away, named('a')],
    repository: root,
    identities: async (host) => {
      await host.run(['true']);
      return parseIdentities(first.identity);
    },
  });
  const [unknown, known] = rows;
  expect(unknown).toMatchObject({
    decryptable: 'unknown',
    inPlace: 'unknown',
    mode: 'unknown',
    owner: 'unknown',
    equal: 'unknown',
    ok: false,
  });
  expect(unknown?.fix.join()).toContain('127.0.0.1');
  expect(known).toMatchObject({ host: 'a', ok: true });
});

test('a source that is not reached makes equal unknown, never no', async () => {
  const { config, root } = await fixture();
  await using away = nobody();
  const from = new Map([
    ['one-host', away],
    ['two-host', named('two')],
  ]);
  const rows = await verifySecrets({
    config,
    from,
    to: [named('a')],
    repository: root,
    identities: parseIdentities(first.identity),
  });
  expect(rows.map(({ secret, equal, ok }) => [secret, equal, ok])).toEqual([
    ['one', 'unknown', false],
    ['two', 'yes', true],
  ]);
});

test('each secret is collected from its own source.host', async () => {
  const { config } = await fixture();
  await using away = nobody();
  const here = named('here');
  const both = await collect(
    new Map([
      ['one-host', here],
      ['two-host', here],
    ]),
    config.secrets,
  );
  expect(both.map(({ reveal }) => Buffer.from(reveal()).toString())).toEqual(['one\n', 'two\n']);
  await expect(
    collect(
      new Map([
        ['one-host', here],
        ['two-host', away],
      ]),
      config.secrets,
    ),
  ).rejects.toMatchObject({ host: away.name });
  await expect(collect(here, config.secrets)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/one-host, two-host/),
  });
  await expect(collect(new Map([['one-host', here]]), config.secrets)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/from two-host/),
  });
});
