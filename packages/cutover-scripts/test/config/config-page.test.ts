import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configPage, unexplained } from './config-page.ts';

const root = join(import.meta.dirname, '../../../..');

// `npx vitest run --project cutover-scripts config-page --update` writes them again.
it.each([
  ['cutover', 'packages/cutover-scripts/schema/cutover.schema.json'],
  ['loops', 'packages/loops/schema/loops.schema.json'],
  ['secrets', 'packages/secrets/schema/secrets.schema.json'],
  ['nix-deploy', 'packages/nix-deploy/schema/nix-deploy.schema.json'],
])('docs has every key of %s.yaml, and says what it is for', async (name, schema) => {
  const page = configPage(`${name}.yaml`, JSON.parse(await readFile(join(root, schema), 'utf8')));
  expect(unexplained(page)).toEqual([]);
  await expect(page).toMatchFileSnapshot(join(root, `docs/config-${name}.md`));
});
