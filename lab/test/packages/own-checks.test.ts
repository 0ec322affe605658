import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const checkout = join(import.meta.dirname, '../../..');
const execute = promisify(execFile);

/** The checkout as it was committed, to be changed at will. */
let copy: string;
beforeAll(async () => {
  copy = join(await mkdtemp(join(tmpdir(), 'cutover-checks-')), 'copy');
  await execute('git', ['clone', '--quiet', '--shared', checkout, copy]);
  await symlink(join(checkout, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rm(join(copy, '..'), { recursive: true, force: true }));

interface Result {
  readonly exitCode: number;
  readonly lines: readonly string[];
  readonly errors: string;
}

async function run(script: string, ...args: string[]): Promise<Result> {
  const path = join(checkout, 'bin/lib', script);
  const { code, stdout, stderr } = await execute(process.execPath, [path, ...args], { cwd: copy }).then(
    (done) => ({ ...done, code: 0 }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  return { exitCode: code, lines: stdout.split('\n').filter((line) => line !== ''), errors: stderr };
}

describe('the check of npm names', () => {
  it('has nothing to say of what is committed', async () => {
    expect(await run('checks/npm-names.mjs')).toEqual({ exitCode: 0, lines: [], errors: '' });
  });

  it('finds each way to fetch a package by a name that anyone may publish', async () => {
    await mkdir(join(copy, 'docs/planted'), { recursive: true });
    // Put together here, or this file would be found itself.
    const [npx, install, dlx] = ['npx', 'npm install', 'pnpm dlx'];
    const bad = [
      `${npx} cutover run`,
      `execa('${npx}', ['cutover', 'plan'])`,
      `\`${npx} -y secrets guard\``,
      `${install} loops`,
      `${dlx} nix-deploy@latest`,
      `${npx} --no secrets --help`,
    ];
    const good = [
      'npx --no -- secrets --help',
      'npx --no secrets guard',
      'npx --package @cutover/loops loops up',
      'npm install @cutover/secrets zx',
      'npx vitest run --project loops',
    ];
    await writeFile(join(copy, 'docs/planted/page.md'), [...bad, ...good].join('\n'));
    const { exitCode, lines } = await run('checks/npm-names.mjs');
    expect(exitCode).toBe(1);
    const found = lines.flatMap((line) => /^docs\/planted\/page\.md:(\d+): /.exec(line)?.[1] ?? []);
    expect(found).toEqual(bad.map((_, index) => String(index + 1)));
    await rm(join(copy, 'docs/planted'), { recursive: true });
  });
});

describe('the check of the reference', () => {
  it('finds a name without a doc comment, and a type that a public signature names and no entry point exports', async () => {
    const path = join(copy, 'packages/host-contract/src/index.ts');
    const before = await readFile(path, 'utf8');
    const planted = [
      "import type { ReadFileOptions } from './host.ts';",
      'interface Hidden { readonly size: number }',
      'export interface Bare { readonly size: number }',
      'export interface Borrowed extends ReadFileOptions { readonly size: number }',
      '/** Names what is hidden. */',
      'export function named(hidden: Hidden): number { return hidden.size; }',
    ];
    await writeFile(path, [before, ...planted].join('\n'));
    const { exitCode, lines, errors } = await run('checks/reference.mjs', 'host-contract');
    await writeFile(path, before);
    expect(exitCode).toBe(1);
    expect(lines).toEqual(['@cutover/host-contract: 3 mistakes in its reference']);
    expect(errors).toMatch(/Bare has no doc comment/);
    expect(errors).toMatch(/Borrowed has no doc comment/);
    expect(errors).toMatch(/Hidden, .*is referenced by .*named.* but not included/);
  });

  it('knows the packages by their folders', async () => {
    const { exitCode, errors } = await run('checks/reference.mjs', 'hosts');
    expect({ exitCode, errors }).toEqual({ exitCode: 2, errors: 'there is no published package hosts\n' });
  });
});

describe('the check of exported names', () => {
  it('finds what is exported and named on no page', async () => {
    expect(await run('checks/exported-names.mjs')).toEqual({ exitCode: 0, lines: [], errors: '' });
    const path = join(copy, 'packages/runbook/src/index.ts');
    const before = await readFile(path, 'utf8');
    const planted = 'export { type AlsoUnheardOf, unheardOf } from "./unheard-of.ts";\n';
    await writeFile(path, `${before}${planted}export function noPageSaysSo(): void {}\n`);
    const { exitCode, lines } = await run('checks/exported-names.mjs');
    await writeFile(path, before);
    expect({ exitCode, lines }).toEqual({
      exitCode: 1,
      lines: ['unheardOf', 'noPageSaysSo'].map(
        (name) => `no page names ${name}, which @cutover/runbook exports`,
      ),
    });
  });
});

describe('bin/test --changed', () => {
  it('takes the tests of what was changed, of what depends on it, and of the pages that were', async () => {
    expect((await run('changed-tests.mjs', 'HEAD')).lines).toEqual([]);
    await appendFile(join(copy, 'packages/secrets/src/index.ts'), '\n');
    await appendFile(join(copy, 'docs/tutorial-loops.md'), '\n');
    const { lines } = await run('changed-tests.mjs', 'HEAD');
    expect(lines).toEqual(
      expect.arrayContaining([
        'packages/secrets/test/',
        'packages/cutover-scripts/test/',
        'lab/test/secrets/',
      ]),
    );
    for (const path of ['packages/host/test/', 'packages/loops/test/', 'lab/test/incus-client/'])
      expect(lines).not.toContain(path);
    expect(lines.filter((path) => path.endsWith('.test.ts')).length).toBeGreaterThan(0);
  });

  it('takes all where a file was changed that every test stands on', async () => {
    await appendFile(join(copy, 'vitest.config.ts'), '\n');
    const { lines } = await run('changed-tests.mjs', 'HEAD');
    expect(lines).toEqual(
      expect.arrayContaining(['packages/host/test/', 'packages/runbook/test/', 'lab/test/hosts/']),
    );
  });

  it('names what is missing where there is no such commit', async () => {
    await expect(
      execute(process.execPath, [join(checkout, 'bin/lib/changed-tests.mjs'), 'v9'], { cwd: copy }),
    ).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no v9 to compare with; name a commit'),
    });
  });
});
