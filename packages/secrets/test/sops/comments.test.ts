import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { decryptFile, encryptFile, setInFile } from '../../src/sops.ts';
import { runSops, sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);
const file = 'x.yaml';
const sops = sopsCommand('3.13.2');

async function roundTrip(text: string): Promise<string> {
  const options = { file, identities };
  const encrypted = await encryptFile(text, { file, recipients: [keys.recipient] });
  // An edit writes all of it again.
  const { bytes } = await setInFile(encrypted, ['new'], 'value', options);
  const plain = Buffer.from((await decryptFile(bytes, options)).plaintext).toString();
  return plain.replace('new: value\n', '');
}

test('comments that end maps and lists, each at its depth, are found again where they were', async () => {
  const text = [
    'a:',
    '    b:',
    '        c: x',
    '        # of b',
    '    # of a',
    '    d:',
    '        - 1',
    '        - e:',
    '            f: null',
    '            # of e',
    '          # of the item',
    '        # of d',
    '    # of a',
    '# of the document',
    'g:',
    '    !!merge <<:',
    '        h: 1',
    '    i: 2',
    '    # of g',
    'j: 1',
    '',
  ].join('\n');
  expect(await roundTrip(text)).toBe(text);
});

test('a comment behind an empty value, and one in the next line, stay two', async () => {
  expect(await roundTrip('a:\n    b: # one\n    # two\n    c: 1\n')).toBe(
    'a:\n    b: null # one\n    # two\n    c: 1\n',
  );
});

test('a comment behind an empty map or list stays in it', async () => {
  const text = 'a:\n    b: {} # one\n    c: [] # two\nd: {} # three\n';
  const plain = await roundTrip(text);
  expect(plain.match(/# \w+/g)).toEqual(['# one', '# two', '# three']);
  expect(await roundTrip(plain)).toBe(plain);
});

test.skipIf(sops === undefined)('an empty map with a comment is read as sops writes it', async () => {
  const path = join(await temporaryDirectory(), file);
  await writeFile(path, 'a:\n  b: {} # note\n  c: x\n');
  const theirs = runSops(sops ?? '', ['encrypt', '--age', keys.recipient, path]);
  // It closes at the beginning of a line.
  expect(theirs.toString()).toMatch(/\n\}\n/);
  const { plaintext } = await decryptFile(theirs, { file, identities });
  expect(Buffer.from(plaintext).toString()).toContain('# note');
  await writeFile(path, await encryptFile('a: {} # note\n', { file, recipients: [keys.recipient] }));
  expect(runSops(sops ?? '', ['decrypt', path], keys).toString()).toBe('a: {}\n');
});

test('base64 with blanks in it is refused, as sops does', async () => {
  await expect(
    encryptFile("a: !!binary 'aGVs bG8='\n", { file, recipients: [keys.recipient] }),
  ).rejects.toMatchObject({ code: 'PARSE_FAILED', line: 1 });
});
