import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const packages = join(import.meta.dirname, '../../../packages');

it.each([
  'cutover-scripts/bin/cutover.js',
  'loops/bin/loops.js',
  'loops/dist/loops.bundle.cjs',
  'nix-deploy/bin/nix-deploy.js',
  'secrets/bin/secrets.cjs',
  'secrets/dist/secrets.bundle.cjs',
])('%s --version says the version and the commit', async (file) => {
  const [name = ''] = file.split('/');
  const { version } = JSON.parse(await readFile(join(packages, name, 'package.json'), 'utf8'));
  const { stdout } = await promisify(execFile)(process.execPath, [join(packages, file), '--version']);
  const [said, commit] = stdout.trimEnd().split(' ');
  expect(said).toBe(version);
  expect(commit).toMatch(/^\([0-9a-f]{7}(-dirty)?\)$/);
});
