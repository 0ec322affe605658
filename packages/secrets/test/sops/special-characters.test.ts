import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decryptFile, encryptFile } from '../../src/sops.ts';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { emitYaml } from '../../src/sops/formats/yaml-write.ts';
import { parseYaml } from '../../src/sops/formats/yaml-read.ts';
import { entry, map, str } from '../../src/sops/tree.ts';
import { runSops, sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);
const sops = sopsCommand('3.13.2');
const rule = { kind: 'unencrypted_regex', value: '.*' } as const;

const hex = (character: string): string => `U+${character.charCodeAt(0).toString(16).toUpperCase()}`;
const separators = ['\u2028', '\u2029'];
const special = [...separators, '\u0085', '\uFEFF', '\u00A0', '\uFFFE', '\u007F', '\u0007', '\r', '\t', '😀'];

/** Texts with the character where it has given trouble: first, last, alone, beside spaces, newlines and indicators. */
const around = (one: string): string[] => [
  one,
  `${one}x`,
  `x${one}`,
  `x${one}y`,
  `x${one}${one}y`,
  `x ${one} y`,
  `x\n${one}y`,
  `x${one}\ny`,
  `${one}\nx`,
  `x\ny${one}`,
  `x${one}\n`,
  `x${one}#y`,
  `x:${one}y`,
  `-${one}y`,
  `it's${one}`,
];

test.each(special)('%j in values and keys comes back from our YAML as it was', (one) => {
  const document = map([
    ...around(one).map((text, index) => entry(`k${index}`, str(text))),
    ...around(one).map((text) => entry(text, map([entry('a', str(text))]))),
  ]);
  expect(parseYaml(emitYaml([document]))).toEqual([document]);
});

test.skipIf(sops === undefined)(
  'sops reads them in unencrypted values and keys of ours as we do, for its MAC is over them',
  async () => {
    const texts = special.flatMap(around);
    const document = map([
      ...texts.map((text, index) => entry(`k${index}`, str(text))),
      ...texts.map((text) => entry(text, str(text))),
    ]);
    const file = join(await temporaryDirectory(), 'x.yaml');
    await writeFile(
      file,
      await encryptFile(emitYaml([document]), { file, recipients: [keys.recipient], rule }),
    );
    const json: unknown = JSON.parse(
      runSops(sops ?? '', ['decrypt', '--output-type', 'json', file], keys).toString(),
    );
    expect(json).toEqual(
      Object.fromEntries(
        document.entries.flatMap((item) => (item.type === 'entry' ? [textEntry(item)] : [])),
      ),
    );
  },
);

const textEntry = ({
  key,
  value,
}: {
  key: string;
  value: { type: string; value?: unknown };
}): [string, unknown] => [key, value.value];

describe('what sops writes', () => {
  const openTheirs = async (text: string): Promise<string> => {
    const directory = await temporaryDirectory();
    const file = join(directory, 'x.yaml');
    await writeFile(file, text);
    const theirs = runSops(sops ?? '', [
      'encrypt',
      '--age',
      keys.recipient,
      '--unencrypted-regex',
      '.*',
      file,
    ]);
    // The values are not encrypted, so they stand in the file as sops lays them out.
    const opened = await decryptFile(theirs, { file, identities });
    return Buffer.from(opened.plaintext).toString();
  };

  test.skipIf(sops === undefined).each(separators)(
    '%j between single quotes, as a value and as a key, is read as sops reads it',
    async (one) => {
      const escape = one === '\u2028' ? '\\L' : '\\P';
      const values = [`${escape}x`, `x${escape}`, `x${escape}${escape}y`, `it's${escape}y`];
      const lines = values.map((value, index) => `a${index}: "${value}"\n`).join('');
      await expect(openTheirs(`${lines}"x${escape}y": 1\n`)).resolves.toBe(`${lines}? "x${escape}y"\n: 1\n`);
    },
  );

  test.skipIf(sops === undefined)('a key of more than 128 bytes stands behind a question mark', async () => {
    const long = `? ${'k'.repeat(129)}\n:   a: 1\n    b:\n        - 2\n? "\\Nx"\n: - 1\n`.replace(
      ': - 1',
      ':   - 1',
    );
    await expect(openTheirs(long)).resolves.toBe(long);
  });
});

test.each([
  ...separators.flatMap((one): [string, string][] => [
    [`${hex(one)} in a plain value`, `a: x${one}y\n`],
    [`${hex(one)} in a block`, `a: |\n    x${one}y\n`],
    [`${hex(one)} between double quotes`, `a: "x${one}y"\n`],
    [`${hex(one)} in a comment`, `# x${one}y\na: 1\n`],
    [`${hex(one)} in a key without a question mark`, `'x${one}y': 1\n`],
  ]),
  ['U+85 between single quotes', "a: 'x\u0085y'\n"],
  ['U+85 in a comment', '# x\u0085y\na: 1\n'],
  ['U+7F in a plain value', 'a: x\u007Fy\n'],
  ['U+FFFE in a comment', '# x\uFFFEy\na: 1\n'],
  ['a byte order mark in a comment', '# x\uFEFFy\na: 1\n'],
  ['a byte order mark in a comment behind a value', 'a: [1] # \uFEFF\n'],
  ['a bell in a value', "a: 'x\u0007y'\n"],
  ['a carriage return without a newline', "a: 'x\ry'\n"],
])('%s is refused, naming the line', async (_what, text) => {
  await expect(encryptFile(text, { file: 'x.yaml', recipients: [keys.recipient] })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    file: 'x.yaml',
    line: text.startsWith('a: |') ? 2 : 1,
  });
});

test('a byte order mark in a block, behind what looks like a comment, is text', async () => {
  const text = '\uFEFFa: |\n    # x\uFEFFy\nb: "x\uFEFF # \uFEFFy"\n';
  const bytes = await encryptFile(text, { file: 'x.yaml', recipients: [keys.recipient] });
  const { plaintext } = await decryptFile(bytes, { file: 'x.yaml', identities });
  expect(Buffer.from(plaintext).toString()).toBe('a: "# x\\uFEFFy\\n"\nb: "x\\uFEFF # \\uFEFFy"\n');
});

test.skipIf(sops === undefined)(
  'sops stops at a byte order mark that lies across 512 bytes, which is why',
  async () => {
    const directory = await temporaryDirectory();
    const encrypt = async (before: number): Promise<Buffer> => {
      const file = join(directory, 'x.yaml');
      await writeFile(file, `# ${'p'.repeat(before)}\nk: 1\n# a\uFEFFb\nb: 2\n`);
      return runSops(sops ?? '', ['encrypt', '--age', keys.recipient, file]);
    };
    expect((await encrypt(400)).length).toBeGreaterThan(0);
    await expect(encrypt(499)).rejects.toThrow('did not find expected key');
  },
);

test.each(['\u00A0', '\u200B', '\u3000', '😀'])('%j in a comment stays', async (one) => {
  const text = `# x${one}y\na: 1\n`;
  const bytes = await encryptFile(text, { file: 'x.yaml', recipients: [keys.recipient] });
  const { plaintext } = await decryptFile(bytes, { file: 'x.yaml', identities });
  expect(Buffer.from(plaintext).toString()).toBe(text);
});
