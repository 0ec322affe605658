import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url).pathname;

async function testsIn(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.test.ts'));
  return (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('\n');
}

it('each report of the documentation has a test of that name', async () => {
  const page = await readFile(join(root, 'docs/nix-deploy-reports.md'), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ['))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows.length).toBeGreaterThan(10);
  const tests = `${await testsIn(join(root, 'lab/test/nix-deploy'))}${await testsIn(join(root, 'packages/nix-deploy/test'))}`;
  expect(rows.map(([, , , test = '']) => test).filter((test) => !tests.includes(`'${test}'`))).toEqual([]);
});
