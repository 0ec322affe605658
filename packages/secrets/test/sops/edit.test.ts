import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  decryptFile,
  encryptFile,
  replaceContent,
  rotateFile,
  setInFile,
  unsetInFile,
  updateRecipients,
} from '../../src/sops.ts';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { runSops, sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);
const plain = `# about the rig
rig:
    # its token
    token: one
    count: 3
list:
    - a
    - b: c
note_unencrypted: readable
`;
const encrypt = (file: string, text = plain): Promise<Uint8Array> =>
  encryptFile(text, { file, recipients: [keys.recipient], now: new Date('2026-01-01T00:00:00Z') });
const lines = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString('utf8').split('\n');
const text = async (bytes: Uint8Array, file = 'x.yaml'): Promise<string> =>
  Buffer.from((await decryptFile(bytes, { file, identities })).plaintext).toString('utf8');

function changedLines(before: Uint8Array, after: Uint8Array): string[] {
  const [a, b] = [lines(before), lines(after)];
  expect(b).toHaveLength(a.length);
  return b.filter((line, index) => line !== a[index]).map((line) => line.trim().split(/[:=]/)[0] ?? '');
}

test('one changed value changes its line, the MAC and lastmodified', async () => {
  const before = await encrypt('x.yaml');
  const { bytes, changed } = await setInFile(before, ['rig', 'token'], 'two', { file: 'x.yaml', identities });
  expect(changed).toBe(true);
  expect(changedLines(before, bytes)).toEqual(['token', 'lastmodified', 'mac']);
  expect(await text(bytes)).toBe(plain.replace('one', 'two'));
});

test('the same value, or the same text, leaves the file byte for byte as it is', async () => {
  const before = await encrypt('x.yaml');
  const options = { file: 'x.yaml', identities };
  expect(await setInFile(before, ['rig', 'token'], 'one', options)).toEqual({
    bytes: before,
    changed: false,
  });
  expect(await replaceContent(before, Buffer.from(plain), options)).toEqual({
    bytes: before,
    changed: false,
  });
});

test('an edited text keeps the ciphertext of what did not change', async () => {
  const before = await encrypt('x.yaml');
  const { bytes } = await replaceContent(before, Buffer.from(plain.replace('count: 3', 'count: 4')), {
    file: 'x.yaml',
    identities,
  });
  expect(changedLines(before, bytes)).toEqual(['count', 'lastmodified', 'mac']);
});

test.each([
  ['x.json', '{"a": "one", "b": [1, 2], "c": null}', '"a"'],
  ['x.env', '# c\nA=one\nB=two\n', 'A'],
  ['x.ini', '[s]\na = one\nb = two\n', 'a'],
])('%s changes as little', async (file, content, key) => {
  const before = await encrypt(file, content);
  const path = file === 'x.ini' ? ['s', 'a'] : [file === 'x.env' ? 'A' : 'a'];
  const { bytes } = await setInFile(before, path, 'other', { file, identities });
  const changed = changedLines(before, bytes);
  expect(changed).toHaveLength(3);
  expect(changed[0]?.trim()).toBe(key);
});

test('unset removes a value, an item of a list, and nothing else', async () => {
  const options = { file: 'x.yaml', identities };
  const first = await unsetInFile(await encrypt('x.yaml'), ['rig', 'count'], options);
  const second = await unsetInFile(first.bytes, ['list', '0'], options);
  expect(await text(second.bytes)).toBe(plain.replace('    count: 3\n', '').replace('    - a\n', ''));
  await expect(unsetInFile(second.bytes, ['rig', 'count'], options)).rejects.toMatchObject({
    code: 'KEY_NOT_FOUND',
    key: 'rig:count',
  });
});

test('updating recipients keeps the data key, the values and the MAC; rotating changes all of them', async () => {
  const other = generateKeyPair();
  const before = await encrypt('x.yaml');
  const options = { file: 'x.yaml', identities };
  const added = await updateRecipients(before, [keys.recipient, other.recipient], options);
  const kept = lines(before).filter((line) => line.includes('ENC['));
  expect(lines(added.bytes)).toEqual(expect.arrayContaining(kept));
  expect(
    (await decryptFile(added.bytes, { file: 'x.yaml', identities: parseIdentities(other.identity) }))
      .documents,
  ).toBeDefined();
  expect((await updateRecipients(added.bytes, [other.recipient, keys.recipient], options)).changed).toBe(
    false,
  );

  const rotated = await rotateFile(added.bytes, options);
  expect(lines(rotated.bytes).filter((line) => kept.includes(line))).toEqual([]);
  expect(await text(rotated.bytes)).toBe(plain);
});

test('key groups: the data key is shared, and the threshold of groups opens it', async () => {
  const people = [generateKeyPair(), generateKeyPair(), generateKeyPair()];
  const bytes = await encryptFile(plain, {
    file: 'x.yaml',
    recipients: people.map(({ recipient }) => [recipient]),
    shamirThreshold: 2,
  });
  const open = (...who: number[]): Promise<unknown> =>
    decryptFile(bytes, {
      file: 'x.yaml',
      identities: who.flatMap((index) => parseIdentities(people[index]?.identity ?? '')),
    });
  await expect(open(0)).rejects.toMatchObject({ code: 'NO_IDENTITY' });
  for (const pair of [
    [0, 1],
    [0, 2],
    [1, 2],
    [0, 1, 2],
  ])
    await expect(open(...pair)).resolves.toBeDefined();
});

const sops = sopsCommand('3.13.2');
test.skipIf(sops === undefined)('sops opens key groups of ours, and we open its', async () => {
  const people = [generateKeyPair(), generateKeyPair(), generateKeyPair()];
  const directory = await temporaryDirectory();
  const ours = join(directory, 'ours.yaml');
  await writeFile(
    ours,
    await encryptFile(plain, {
      file: 'x.yaml',
      recipients: people.map(({ recipient }) => [recipient]),
      shamirThreshold: 2,
    }),
  );
  const two = `${people[2]?.identity}\n${people[0]?.identity}`;
  expect(runSops(sops ?? '', ['decrypt', ours], { identity: two }).toString()).toBe(plain);
  const config = join(directory, 'config.yaml');
  const groups = people.map(({ recipient }) => ({ age: [recipient] }));
  await writeFile(config, JSON.stringify({ creation_rules: [{ key_groups: groups, shamir_threshold: 2 }] }));
  await writeFile(join(directory, 'plain.yaml'), plain);
  const theirs = runSops(sops ?? '', ['--config', config, 'encrypt', join(directory, 'plain.yaml')]);
  const opened = await decryptFile(theirs, { file: 'x.yaml', identities: parseIdentities(two) });
  expect(Buffer.from(opened.plaintext).toString()).toBe(plain);
});

test.skipIf(sops === undefined)(
  'a file that sops wrote, changed by us, differs in three lines and sops opens it',
  async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'p.yaml'), plain);
    const theirs = runSops(sops ?? '', ['encrypt', '--age', keys.recipient, join(directory, 'p.yaml')]);
    const { bytes } = await setInFile(theirs, ['rig', 'token'], 'two', {
      file: 'x.yaml',
      identities,
      now: new Date('2030-01-01'),
    });
    expect(changedLines(theirs, bytes)).toEqual(['token', 'lastmodified', 'mac']);
    await writeFile(join(directory, 'e.yaml'), bytes);
    expect(runSops(sops ?? '', ['decrypt', join(directory, 'e.yaml')], keys).toString()).toBe(
      plain.replace('one', 'two'),
    );
  },
);

test.each([
  ['x.yaml', 'a: 1\n', ['sops'], 'sops: mine\n'],
  ['x.yaml', 'a: 1\n', ['sops', 'mac'], 'a: 1\n---\nsops: mine\n'],
  ['x.json', '{"a": 1}', ['sops'], '{"sops": "mine"}'],
  ['x.ini', '[s]\na = 1\n', ['sops', 'a'], '[sops]\na = b\n'],
  ['x.env', 'a=1\n', ['sops_mac'], 'sops_mac=mine\n'],
])('a key that is sops’s own is refused: nobody could read %s again', async (file, first, path, content) => {
  const before = await encrypt(file, first);
  const options = { file, identities };
  await expect(setInFile(before, path, 'mine', options)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(replaceContent(before, Buffer.from(content), options)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
  });
});
