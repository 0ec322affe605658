import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { whyNotOurs } from '../../src/new-host/whose-repository.ts';
import { configurationRepository } from '../../src/world/configuration-repository.ts';
import type { World } from '../../src/world/world.ts';

const run = promisify(execFile);
const signal = AbortSignal.timeout(600_000);
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'whose-'));
  await run('git', ['init', '--quiet', '--bare', '-b', 'main', join(root, 'bare.git')]);
});
afterEach(() => rm(root, { recursive: true }));

function ask(more: object = {}): Promise<string | undefined> {
  const configuration = configurationRepository(join(root, 'work'), join(root, 'bare.git'), {});
  const settings = { name: 'vm', repository: 'vm' };
  return whyNotOurs({ settings, configuration, forge: more } as unknown as World, signal);
}

async function commit(file: string, text: string): Promise<void> {
  const repository = configurationRepository(join(root, 'other'), join(root, 'bare.git'), {});
  await repository.edit('x', (folder) => writeFile(join(folder, file), text), signal);
}

test('an empty repository is ours, and so is one that declares this host', async () => {
  expect(await ask()).toBeUndefined();
  await commit('settings.json', JSON.stringify({ hostName: 'vm', more: 1 }));
  expect(await ask()).toBeUndefined();
});

test('one with other commits, or of another host, is not; nor one that everyone sees', async () => {
  await commit('README.md', 'something else');
  expect(await ask()).toMatch(/bare\.git has commits that no cutover made; set repository to another name/);
  await commit('settings.json', JSON.stringify({ hostName: 'another' }));
  expect(await ask()).toMatch(/has the configuration of another;/);
  expect(await ask({ whyUnusable: async () => 'it is public' })).toBe('it is public');
});
