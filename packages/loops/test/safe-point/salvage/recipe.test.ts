import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { expect, it } from 'vitest';
import { salvageClone } from '../../../src/safe-point/salvage/salvage-clone.ts';
import { makeGitFixture } from '../../git-fixture.ts';

const page = new URL('../../../../../docs/recipes.md', import.meta.url);

it('the recipe brings back what a salvage ref holds', async () => {
  await using fixture = await makeGitFixture();
  const clone = await fixture.clone('work');
  await writeFile(join(clone, 'tracked'), 'as committed');
  await fixture.git(clone, 'add', 'tracked');
  await fixture.git(clone, 'commit', '--quiet', '-m', 'only here');
  await writeFile(join(clone, 'tracked'), 'as edited');
  await writeFile(join(clone, 'untracked'), 'never added');
  const host = localHost();
  await salvageClone(host, clone, { push: false });
  await writeFile(join(clone, 'tracked'), 'lost');
  await rm(join(clone, 'untracked'));

  const recipe = /## Get work back[\s\S]*?```sh\n([\s\S]*?)```/.exec(await readFile(page, 'utf8'))?.[1] ?? '';
  const { stdout } = await host.run(['sh', '-euc', recipe], { cwd: clone });
  expect(stdout).toContain('untracked');
  expect(await readFile(join(clone, 'tracked'), 'utf8')).toBe('as edited');
  expect(await readFile(join(clone, 'untracked'), 'utf8')).toBe('never added');
});
