import * as fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SecretsError } from '../../src/index.ts';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair } from '../../src/age.ts';
import { compileGoRegex } from '../../src/sops/go-regex.ts';
import { soak } from '../soak.ts';
import { patterns } from './patterns.ts';

test.each([
  ['a.b', 'a\rb', true],
  ['a.b', 'a\u2028b', true],
  ['a.b', 'a\nb', false],
  ['(?s)a.b', 'a\nb', true],
  ['a[.]b', 'a\rb', false],
  ['^b$', 'a\nb', false],
  ['(?m)^b$', 'a\nb\nc', true],
  ['(?m)^b$', 'a\rb\rc', false],
  ['(?im)^B$', 'a\nb', true],
])('%j on %j is %s, as RE2 knows one line end only', async (pattern, text, matches) => {
  expect((await compileGoRegex(pattern))(text)).toBe(matches);
});

test.each([
  ['^(?i:key)_x$', 'KEY_x', 'KEY_X'],
  ['^a(?i)b$', 'aB', 'AB'],
  ['^(?P<name>a)$', 'a', 'b'],
  ['^\\Qa.b\\E$', 'a.b', 'axb'],
  ['^[[:^alpha:]]+$', '12', 'ab'],
  ['^\\101\\x{1F600}\\z', 'A😀', 'A😀\n'],
  ['^\\p{Greek}\\PN$', 'αb', 'α1'],
  ['^\\p{^Lu}$', 'a', 'A'],
  ['^a{,2}$', 'a{,2}', 'aa'],
  ['^[a-\\x{e9}&&b]$', '&', '!'],
  ['^\\w\\b', 'a', 'é'],
])('%j matches %j and not %j, as in Go', async (pattern, match, other) => {
  const matches = await compileGoRegex(pattern);
  expect([matches(match), matches(other)]).toEqual([true, false]);
});

test.each([
  '(?=a)',
  '(?<!a)b',
  '(a)\\1',
  'a**',
  '\\Z',
  '(?x)a',
  '[z-a]',
  '(a',
  'a{1001}',
  '(?>a)',
  '\\u0041',
])('%j is refused, as by Go, and named', async (pattern) => {
  await expect(compileGoRegex(pattern)).rejects.toMatchObject({
    code: 'RULE_INVALID',
    message: expect.stringContaining(JSON.stringify(pattern)),
  });
});

test.each(['\\p{Letter}', '\\p{greek}', '\\p{ASCII}', '(?P<n>a)(?P<n>b)'])(
  '%j is refused, although newer releases of Go know it',
  async (pattern) => {
    await expect(compileGoRegex(pattern)).rejects.toMatchObject({ code: 'RULE_INVALID' });
  },
);

test.each(['^(a+)+$', '(a|aa)+$', '(a+a+)+b', '(.*)(.*)(.*)(.*)[^a]$', '(a*)*b'])(
  '%j takes time linear in its text, where a backtracking engine would never end',
  async (pattern) => {
    expect((await compileGoRegex(pattern))(`${'a'.repeat(100_000)}!`)).toBe(pattern.endsWith('[^a]$'));
    const rule = { kind: 'encrypted_regex', value: pattern } as const;
    const { recipient } = generateKeyPair();
    await encryptFile(`${'a'.repeat(500)}!: x\n`, { recipients: [recipient], rule });
  },
);

const hasGo = spawnSync('go', ['version']).status === 0;

test.runIf(soak(hasGo, false))(
  'of a generated corpus each pattern is refused by both or matches the same',
  async () => {
    const seed = Number(process.env['CUTOVER_SEED'] ?? Date.now() % 2 ** 31);
    console.info(`20000 patterns, seed ${seed}`);
    const asked = fc.sample(patterns, { numRuns: 20_000, seed });
    const program = fileURLToPath(new URL('go-regexp/main.go', import.meta.url));
    const input = asked.map((question) => JSON.stringify(question)).join('\n');
    const { stdout } = spawnSync('go', ['run', program], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as boolean[] | null);
    const ours = await Promise.all(asked.map(({ pattern, texts }) => answerTo(pattern, texts)));
    const differ = asked.filter((_, index) => JSON.stringify(ours[index]) !== JSON.stringify(answers[index]));
    expect(differ).toEqual([]);
    expect(answers.filter((answer) => answer?.includes(true)).length).toBeGreaterThan(2_000);
  },
);

async function answerTo(pattern: string, texts: readonly string[]): Promise<boolean[] | null> {
  try {
    return texts.map(await compileGoRegex(pattern));
  } catch (error) {
    if (error instanceof SecretsError) return null;
    throw error;
  }
}
