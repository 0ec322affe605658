import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKeyPair, parseIdentities } from '../../../src/age.ts';
import { SecretsError } from '../../../src/index.ts';
import { decryptFile, replaceContent } from '../../../src/sops.ts';
import { parseIni } from '../../../src/sops/formats/ini-read.ts';
import { trim } from '../../../src/sops/formats/ini-text.ts';
import { emitIni } from '../../../src/sops/formats/ini-write.ts';
import type { Documents } from '../../../src/sops/tree.ts';
import { soak } from '../../soak.ts';
import { runSops, sopsCommand } from '../../sops-command.ts';
import { temporaryDirectory } from '../../temporary.ts';

interface Section {
  readonly name: string;
  readonly comment: string;
  readonly keys: readonly { readonly key: string; readonly value: string; readonly comment: string }[];
}

/** What sops's tree holds, in the form that the Go program prints. */
function sectionsOf([document]: Documents): Section[] {
  return (document?.entries ?? []).flatMap((section) => {
    if (section.type !== 'entry' || section.value.type !== 'map') return [];
    const keys: { key: string; value: string; comment: string }[] = [];
    let comment = '';
    for (const item of section.value.entries) {
      const last = keys.at(-1);
      if (item.type === 'comment' && last === undefined) comment = item.text;
      else if (item.type === 'comment' && last !== undefined) last.comment = item.text;
      else if (item.type === 'entry' && item.value.type === 'str')
        keys.push({ key: item.key, value: item.value.value, comment: '' });
    }
    return [{ name: section.key, comment, keys }];
  });
}

/** sops takes the mark of a comment's first line away, and blanks at the ends of lines do not come back. */
const bare = (comment: string): string => comment.replace(comment.startsWith(';') ? /^[; ]+/ : /^[# ]+/, '');
const trimmed = (comment: string): string => comment.split('\n').map(trim).join('\n');
const comparable = (sections: readonly Section[], read = bare): unknown =>
  sections.map(({ name, comment, keys }) => ({
    name,
    comment: trimmed(read(comment)),
    keys: keys.map((item) => ({ ...item, comment: trimmed(read(item.comment)) })),
  }));
const textOf = (documents: Documents): string => Buffer.from(emitIni(documents)).toString('utf8');
const ours = (documents: Documents): unknown => comparable(sectionsOf(documents), (comment) => comment);

const hasGo = spawnSync('go', ['version']).status === 0;

describe.runIf(hasGo)('held to go-ini itself', () => {
  let folder = '';
  let built = false;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cutover-go-ini-'));
    cpSync(fileURLToPath(new URL('../go-ini/', import.meta.url)), folder, { recursive: true });
    // Where the module cannot be had, what compares with it is skipped.
    built = spawnSync('go', ['build', '-o', 'go-ini', '.'], { cwd: folder }).status === 0;
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const goIni = (texts: readonly string[]): (Section[] | null)[] =>
    JSON.parse(
      execFileSync(join(folder, 'go-ini'), { input: JSON.stringify(texts), maxBuffer: 1 << 28 }).toString(),
    ) as (Section[] | null)[];

  const piece = fc.constantFrom('"', '"""', '`', "'", '\\', ';', '#', '=', ':', '[', ']', ' ', '\t', 'a', 'b c', '-', 'é', '\u00a0', '\u0085', '\uFEFF', '\r', ''); // oxfmt-ignore
  const odd = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(''));
  const word = fc.oneof(
    { weight: 3, arbitrary: fc.stringMatching(/^[a-z_]{1,6}$/) },
    { weight: 1, arbitrary: odd },
  );
  const quoted = fc
    .tuple(fc.constantFrom('"""', '`', '"', "'"), odd, fc.constantFrom('', '\n', '\nmore\n'), odd)
    .map(([quote, one, middle, two]) => quote + one + middle + two + quote);
  const line = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(word, fc.constantFrom('=', ' = ', ':', ' : '), fc.oneof(word, quoted)).map((parts) => parts.join('')) }, // oxfmt-ignore
    word.map((name) => `[${name}]`),
    word.map((text) => `; ${text}`),
    word.map((text) => `#${text}`),
    fc.constant(''),
    odd,
  );
  const document = fc.array(line, { maxLength: 8 }).map((lines) => `${lines.join('\n')}\n`);

  test('what is read natively reads as go-ini reads it, and what is written comes back', ({ skip }) => {
    if (!built) skip('gopkg.in/ini.v1 cannot be built here');
    const texts = fc.sample(document, { numRuns: soak(60_000, 4_000), seed: soak(Date.now() | 0, 7) });
    const theirs = goIni(texts);
    const accepted: { documents: Documents; written: string }[] = [];
    for (const [index, text] of texts.entries()) {
      let documents: Documents;
      try {
        documents = parseIni(text);
      } catch (error) {
        // A refusal names its line.
        if (!(error instanceof SecretsError) || error.line === undefined) throw error;
        continue;
      }
      const found = theirs[index] ?? null;
      expect({ text, sections: found && comparable(found) }).toEqual({
        text,
        sections: ours(documents),
      });
      accepted.push({ documents, written: textOf(documents) });
    }
    expect(accepted.length).toBeGreaterThan(texts.length / 10);
    for (const [index, sections] of goIni(accepted.map(({ written }) => written)).entries()) {
      const one = accepted[index];
      if (one === undefined || !comesBack(one.documents)) continue;
      expect({ written: one.written, sections: sections && comparable(sections) }).toEqual({
        written: one.written,
        sections: ours(one.documents),
      });
    }
  });
});

/** Whether our own reader gives the same again; `requireWritable` refuses the others. */
function comesBack(documents: Documents): boolean {
  try {
    return JSON.stringify(ours(parseIni(textOf(documents)))) === JSON.stringify(ours(documents));
  } catch (error) {
    if (error instanceof SecretsError) return false;
    throw error;
  }
}

test.each([
  ['an empty key', '[s]\n = v\n', 'PARSE_FAILED', 2],
  ['an empty section', 'a=1\n[]\n', 'PARSE_FAILED', 2],
  ['a key that stands for a number', 'k = a\n- = v\n', 'NEEDS_SOPS', 2],
  ['the same between quotes', 'k = a\n"-" = v\n', 'NEEDS_SOPS', 2],
  ['a comment behind a value', '[s]\n\nk = v ; keep me\n', 'NEEDS_SOPS', 3],
  ['a comment without a blank', 'k = a#b\n', 'NEEDS_SOPS', 1],
  ['a continued line', 'k = a \\\n  b\n', 'NEEDS_SOPS', 1],
  ['a numbered key', '- = a\n', 'NEEDS_SOPS', 1],
  ['a comment at the end', 'k = a\n; lost\n', 'PARSE_FAILED', 3],
  ['a value that is not closed', 'k = """a\nb\n', 'PARSE_FAILED', 1],
])('%s is refused with its line', (_what, text, code, line) => {
  expect(() => parseIni(text)).toThrow(expect.objectContaining({ code, line }));
});

test('keys before the first section stay there, and values of several lines stay whole', () => {
  const text = 'user = bob\n\n[db]\ndsn  = """host=a\nport=5"""\nname = `a;b`\n';
  expect(textOf(parseIni(text))).toBe(text);
});

test('metadata is read with newlines as they are too, as sops 3.13.0 and 3.13.1 wrote it', () => {
  const flat = 'lastmodified = x\nage__list_0__map_enc = ';
  const escaped = parseIni(`[sops]\n${flat}one\\ntwo\\n\n`);
  expect(parseIni(`[sops]\n${flat}"""one\ntwo\n"""\n`)).toEqual(escaped);
});

const sops = sopsCommand('3.13.2');

test.runIf(sops !== undefined)(
  'an edit of one value of what sops wrote leaves the others, of several lines too',
  async () => {
    const file = join(await temporaryDirectory(), 'a.ini');
    const keys = generateKeyPair();
    const options = { file, identities: parseIdentities(keys.identity) };
    await writeFile(file, 'top = x\n\n[db]\ndsn = """host=a\nport=5\npass=hunter2"""\nuser = bob\n');
    const theirs = runSops(sops ?? '', ['encrypt', '--age', keys.recipient, file]);
    const plain = Buffer.from((await decryptFile(theirs, options)).plaintext).toString();
    const { bytes } = await replaceContent(theirs, Buffer.from(plain.replace('bob', 'eve')), {
      ...options,
      now: new Date('2030-01-02T03:04:05Z'),
    });
    await writeFile(file, bytes);
    const read = runSops(sops ?? '', ['decrypt', file], keys).toString();
    expect(read).toMatch(/^top += x\n\n\[db\]\ndsn += """host=a\nport=5\npass=hunter2"""\nuser += eve\n$/);
    const [before, after] = [theirs, bytes].map((content) => Buffer.from(content).toString().split('\n'));
    const changed = after?.filter((line, at) => line !== before?.[at]).map((line) => line.split(/ +=/)[0]);
    expect(changed?.filter((name) => name !== 'version')).toEqual(['user', 'lastmodified', 'mac']);
  },
);
