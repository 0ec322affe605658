import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import {
  creationRuleFor,
  decryptFile,
  encryptFile,
  nativeEngine,
  replaceContent,
  setInFile,
  sopsBinary,
} from '../../src/sops.ts';
import { runSops, sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);
const sops = sopsCommand('3.13.2');
const encrypt = (text: string, file: string): Promise<Uint8Array> =>
  encryptFile(text, { file, recipients: [keys.recipient] });
const plain = async (bytes: Uint8Array, file: string): Promise<string> =>
  Buffer.from((await decryptFile(bytes, { file, identities })).plaintext).toString('utf8');

const binary = 'key: !!binary gIGCg/8AAQ==\nuser: bob\n';

test('!!binary that is not UTF-8 keeps its bytes, also through an edit of another line', async () => {
  const file = 'a.yaml';
  const encrypted = await encrypt(binary, file);
  expect(await plain(encrypted, file)).toBe(binary);
  const edited = await replaceContent(encrypted, Buffer.from(binary.replace('bob', 'eve')), {
    file,
    identities,
  });
  expect(await plain(edited.bytes, file)).toBe(binary.replace('bob', 'eve'));
  if (sops === undefined) return;
  const path = join(await temporaryDirectory(), file);
  await writeFile(path, edited.bytes);
  expect(runSops(sops, ['decrypt', path], keys).toString()).toBe(binary.replace('bob', 'eve'));
});

test.each([
  ['nothing', ''],
  ['comments only', '# pass: a\n# user: b\n'],
])('YAML with %s is refused, and does not replace what is there', async (_what, text) => {
  const file = 'a.yaml';
  await expect(encrypt(text, file)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  const before = await encrypt('pass: a\n', file);
  await expect(replaceContent(before, Buffer.from(text), { file, identities })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
  });
});

const merged = 'base: &b\n  host: db1\n  pass: hunter2\nprod:\n  <<: *b\n  name: prod\n';

test('a merge key stays one, and a quoted "<<" stays a key like any other', async () => {
  const file = 'a.yaml';
  const again = await plain(await encrypt(merged, file), file);
  expect(parse(again, { merge: true, version: '1.1' })).toMatchObject({
    prod: { host: 'db1', name: 'prod' },
  });
  const quoted = await plain(await encrypt('a:\n    "<<":\n        x: 1\n', file), file);
  expect(parse(quoted, { merge: true, version: '1.1' })).toEqual({ a: { '<<': { x: 1 } } });
  if (sops === undefined) return;
  const path = join(await temporaryDirectory(), file);
  await writeFile(path, await encrypt(merged, file));
  expect(runSops(sops, ['decrypt', path], keys).toString()).toBe(again);
});

test('-0.0 of JSON opens again (sops makes a file of it that it cannot open)', async () => {
  const encrypted = await encrypt('{"x_unencrypted":-0.0}', 'a.json');
  expect(JSON.parse(await plain(encrypted, 'a.json'))).toEqual({ x_unencrypted: -0 });
});

test('merge keys of .sops.yaml count, as they do for sops', async () => {
  const directory = await temporaryDirectory();
  const [prod, dev] = [generateKeyPair().recipient, generateKeyPair().recipient];
  const rules = [
    'x-prod: &prod',
    '  path_regex: ^prod/',
    '  encrypted_regex: ^(data|stringData)$',
    'creation_rules:',
    `  - <<: *prod\n    age: ${prod}`,
    `  - age: ${dev}`,
  ];
  await writeFile(join(directory, '.sops.yaml'), `${rules.join('\n')}\n`);
  await mkdir(join(directory, 'prod'));
  expect(await creationRuleFor(join(directory, 'prod', 'a.yaml'))).toMatchObject({
    recipients: [[prod]],
    rule: { kind: 'encrypted_regex' },
  });
  expect(await creationRuleFor(join(directory, 'dev.yaml'))).toMatchObject({
    recipients: [[dev]],
    rule: { kind: 'unencrypted_suffix' },
  });
});

test.runIf(sops !== undefined)('stores.*.indent holds: a set changes what sops would change', async () => {
  const directory = await temporaryDirectory();
  for (const [name, indent, text] of [
    ['p.json', 2, '{"a":{"b":1,"c":["x",{"y":[1]}]},"d":2}'],
    ['p.yaml', 2, 'a:\n  b: 1\n  c:\n    - x\n    - y: [1]\nd: 2\n'],
    ['q.yaml', 3, 'a:\n  b: 1\n  c:\n    - x\n    - y: [1, {z: 1}]\nd: 2\n'],
    ['r.yaml', 8, 'a:\n  b: 1\n  c:\n    - x\n    - - - y\nd: 2\n'],
  ] as const) {
    const kind = name.endsWith('json') ? 'json' : 'yaml';
    await writeFile(
      join(directory, '.sops.yaml'),
      `creation_rules:\n  - age: ${keys.recipient}\nstores:\n  ${kind}:\n    indent: ${indent}\n`,
    );
    const path = join(directory, name);
    await writeFile(path, text);
    const before = runSops(sops ?? '', ['encrypt', path], { ...keys, cwd: directory });
    const engine = nativeEngine(async () => identities);
    const { bytes } = await engine.set(before, ['d'], { type: 'int', value: 3n }, { file: path });
    const lines = before.toString().split('\n');
    const changed = Buffer.from(bytes)
      .toString()
      .split('\n')
      // Both may be of the same second.
      .filter((line, index) => line !== lines[index] && !line.includes('lastmodified'));
    expect({ name, changed: changed.map((line) => line.trim().replace(/["']?(\w+).*/, '$1')) }).toEqual({
      name,
      changed: ['d', 'mac'],
    });
    expect((await readFile(path)).toString()).toBe(text);
  }
});

test.runIf(sops !== undefined)(
  'what the sops command cannot read is not saved, and empties nothing',
  async () => {
    const engine = await sopsBinary({
      path: sops ?? '',
      version: '3.13.2',
      env: { SOPS_AGE_KEY: keys.identity, HOME: '/nonexistent' },
      timeout: 20_000,
    });
    for (const [file, text, typo] of [
      ['a.env', 'TOKEN=v1\nUSER=bob\n', 'a line without equals\n'],
      ['a.ini', '[s]\ntoken = v1\n', 'a line without equals\n'],
      ['a.yaml', 'a: 1\n', 'b: [\n'],
    ] as const) {
      const before = await encrypt(text, file);
      await expect(engine.replace(before, Buffer.from(text + typo), { file })).rejects.toMatchObject({
        code: 'PARSE_FAILED',
        message: expect.stringContaining('not saved'),
      });
    }
  },
);

test('a value that its format would read otherwise is refused, and not changed by an edit', async () => {
  for (const [file, text, path] of [
    ['a.ini', '[s]\nk = v\n', ['s', 'k']],
    ['a.env', 'k=v\n', ['k']],
  ] as const) {
    const before = await encrypt(text, file);
    const value = file === 'a.ini' ? "'quoted'" : String.raw`literal \n`;
    await expect(setInFile(before, path, value, { file, identities })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      key: path.join(':'),
    });
  }
});

test.runIf(sops !== undefined)(
  'INI that is not UTF-8, as sops encrypts it, keeps its bytes, and is not edited as text',
  async () => {
    const [file, plaintext] = ['a.ini', Buffer.from('[a]\nk    = \xff\xfe\nuser = bob\n', 'latin1')];
    const path = join(await temporaryDirectory(), file);
    await writeFile(path, plaintext);
    const encrypted = runSops(sops ?? '', ['encrypt', '--age', keys.recipient, path], keys);
    const opened = Buffer.from((await decryptFile(encrypted, { file, identities })).plaintext);
    expect(opened).toEqual(plaintext);
    const after = Buffer.from(plaintext.toString('latin1').replace('bob', 'eve'), 'latin1');
    const replaced = replaceContent(encrypted, after, { file, identities });
    await expect(replaced).rejects.toMatchObject({ code: 'PARSE_FAILED' });
    const { bytes } = await setInFile(encrypted, ['a', 'user'], 'eve', { file, identities });
    await writeFile(path, bytes);
    expect(runSops(sops ?? '', ['decrypt', path], keys)).toEqual(after);
  },
);

test.each(['a: "\\uD800"\n', '"\\uDC00x": a\n'])(
  'half of a character in YAML is refused, as by sops, and does not become U+FFFD: %s',
  async (text) => {
    await expect(encrypt(text, 'a.yaml')).rejects.toMatchObject({ code: 'UNSUPPORTED', line: 1 });
  },
);
