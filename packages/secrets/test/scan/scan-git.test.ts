import { localHost } from '@cutover/host';
import { execFileSync } from 'node:child_process';
import { appendFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { scanGit } from '../../src/scan.ts';
import { needlesOf } from '../../src/scan/needles.ts';
import { createScanner } from '../../src/scan/scanner.ts';
import { git, makeRepository } from '../git.ts';
import { soak } from '../soak.ts';
import { temporaryDirectory } from '../temporary.ts';

const value = 'correct horse/battery+"staple" é';
const known = [{ name: 'token', value: Buffer.from(value) }];
const host = localHost();

async function scan(path: string): Promise<string[]> {
  const { findings } = await scanGit({ host, path, knownValues: known, patterns: [] });
  return [...new Set(findings.map((finding) => finding.type ?? finding.where))].sort();
}

async function repository(): Promise<string> {
  const path = await temporaryDirectory();
  makeRepository(path);
  for (const name of ['a', 'b', 'c']) await writeFile(join(path, name), `${name}\n`.repeat(200));
  git(path, 'add', '.');
  git(path, 'commit', '-q', '-m', 'Files');
  return path;
}

test('a clean repository is proved clean over all its objects', async () => {
  const path = await repository();
  const report = await scanGit({ host, path, knownValues: known });
  expect(report.findings).toEqual([]);
  expect(report.objects).toBe(7);
});

test.each([
  [
    'a blob in history',
    async (path: string) => {
      await writeFile(join(path, 'x'), value);
      git(path, 'add', 'x');
      git(path, 'commit', '-q', '-m', 'Oops');
      git(path, 'rm', '-q', 'x');
      git(path, 'commit', '-q', '-m', 'Remove it');
    },
    ['blob'],
  ],
  [
    'a packed blob',
    async (path: string) => {
      await writeFile(join(path, 'x'), value);
      git(path, 'add', 'x');
      git(path, 'commit', '-q', '-m', 'Oops');
      git(path, 'gc', '-q');
    },
    ['blob'],
  ],
  [
    'an unreachable blob',
    async (path: string) => {
      await writeFile(join(path, 'x'), value);
      git(path, 'add', 'x');
      git(path, 'reset', '-q');
      await rm(join(path, 'x'));
    },
    ['blob'],
  ],
  [
    'a commit message, with its reflog',
    async (path: string) => {
      git(path, 'commit', '-q', '--allow-empty', '-m', `The token is ${value}`);
    },
    ['commit', 'file'],
  ],
  ['a tag', async (path: string) => void git(path, 'tag', '-a', 't', '-m', value), ['tag']],
  [
    'a stash',
    async (path: string) => {
      await writeFile(join(path, 'a'), value);
      git(path, 'stash', '-q');
    },
    ['blob'],
  ],
  [
    'a file name',
    async (path: string) => {
      await writeFile(join(path, 'x'), '');
      git(
        path,
        'update-index',
        '--add',
        '--cacheinfo',
        `100644,${git(path, 'hash-object', '-w', 'x').trim()},${value.replaceAll('/', '_')}`,
      );
      git(path, 'commit', '-q', '-m', 'Name');
    },
    [],
  ],
  ['a changed file that is not staged', async (path: string) => writeFile(join(path, 'a'), value), ['file']],
  ['a new file', async (path: string) => writeFile(join(path, 'new'), value), ['file']],
])('%s is found', async (_where, leak, expected) => {
  const path = await repository();
  await leak(path);
  expect(await scan(path)).toEqual(expected);
});

test('a bare repository is scanned, and one that git cannot read is not called clean', async () => {
  const path = await repository();
  await writeFile(join(path, 'x'), value);
  git(path, 'add', 'x');
  git(path, 'commit', '-q', '-m', 'Oops');
  const bare = await temporaryDirectory();
  execFileSync('git', ['clone', '-q', '--bare', path, join(bare, 'r.git')]);
  expect(await scan(join(bare, 'r.git'))).toEqual(['blob']);
  await expect(scanGit({ host, path: bare, knownValues: known })).rejects.toMatchObject({
    code: 'SCAN_FAILED',
  });
});

test('a file of the working tree that is larger than what is read at once is looked through, too', async () => {
  const path = await repository();
  const large = join(path, 'large');
  await writeFile(large, '');
  await truncate(large, 65 * 1024 * 1024);
  expect(await scan(path)).toEqual([]);
  await appendFile(large, value);
  // Links to what cannot be read: git stores only where they point.
  for (const target of ['/nonexistent', '.', '/proc/self/mem'])
    await symlink(target, join(path, `to${target.length}`));
  expect(await scan(path)).toEqual(['file']);
});

test('a known value is found in every encoding, wherever it stands in its text', () => {
  const wrap =
    (encode: (bytes: Buffer) => string) =>
    (before: Buffer, secret: Buffer, after: Buffer): string =>
      encode(Buffer.concat([before, secret, after]));
  const encodeUrl = (_before: Buffer, secret: Buffer): string => encodeURIComponent(secret.toString('utf8'));
  const encoders = [
    wrap((bytes) => bytes.toString('latin1')),
    wrap((bytes) => bytes.toString('base64')),
    wrap((bytes) => bytes.toString('base64url')),
    wrap((bytes) => bytes.toString('hex')),
    encodeUrl,
    (_before: Buffer, secret: Buffer): string => JSON.stringify({ a: secret.toString('utf8') }),
  ];
  fc.assert(
    fc.property(
      fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }),
      fc.uint8Array({ maxLength: 9 }),
      fc.uint8Array({ maxLength: 9 }),
      fc.constantFrom(...encoders),
      (text, before, after, encode) => {
        const secret = Buffer.from(text);
        const look = createScanner(needlesOf([{ name: 's', value: secret }]), []);
        const written = encode(Buffer.from(before), secret, Buffer.from(after));
        expect(
          look(Buffer.from(written, 'latin1')).length > 0 || look(Buffer.from(written, 'utf8')).length > 0,
        ).toBe(true);
      },
    ),
    // The replacement character is text like any other.
    {
      numRuns: soak(1_000, 200),
      examples: [['\uFFFD12345678', new Uint8Array(), new Uint8Array(), encodeUrl]],
    },
  );
});

test('of a linked working tree the reflogs of the whole repository are looked through', async () => {
  const path = await temporaryDirectory();
  makeRepository(join(path, 'main'));
  git(join(path, 'main'), 'worktree', 'add', '-q', '--detach', join(path, 'linked'));
  git(join(path, 'main'), 'reflog', 'expire', '--expire=now', '--all');
  await writeFile(join(path, 'main/.git/logs/HEAD'), 'x a-secret-in-a-reflog y\n');
  const knownValues = [{ name: 's', value: Buffer.from('a-secret-in-a-reflog') }];
  const report = await scanGit({ host: localHost(), path: join(path, 'linked'), knownValues });
  expect(report.findings).toMatchObject([{ where: 'file', id: join(path, 'main/.git/logs/HEAD') }]);
});
