import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  type ConfigurationRepository,
  configurationRepository,
  writeFiles,
} from '../../src/world/configuration-repository.ts';

const { signal } = new AbortController();
const run = promisify(execFile);
let root: string;
let forge: string;
let repository: ConfigurationRepository;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'configuration-repository-'));
  forge = join(root, 'forge.git');
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', forge]);
  repository = configurationRepository(join(root, 'copy'), forge, {});
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

const write = (path: string, text: string) => async (folder: string) =>
  await writeFiles(folder, new Map([[path, text]]));

test('what is edited is on the forge, and read back from there', async () => {
  expect(await repository.head(signal)).toBeUndefined();
  const commit = await repository.edit('Add a host', write('hosts/new.nix', '{ }\n'), signal);
  expect(await repository.head(signal)).toBe(commit);
  const other = configurationRepository(join(root, 'other'), forge, {});
  expect(await other.read('hosts/new.nix', signal)).toBe('{ }\n');
  expect(await other.read('hosts/old.nix', signal)).toBeUndefined();
  const wanted = new Map([
    ['hosts/new.nix', '{ }\n'],
    ['hosts/old.nix', '{ }\n'],
  ]);
  expect(await other.missing(wanted, signal)).toEqual(['hosts/old.nix']);
});

test('nothing is pushed when an inspection throws', async () => {
  const refuse = async () => {
    throw new Error('a secret is in it');
  };
  await expect(repository.edit('Add', write('a', 'a'), signal, refuse)).rejects.toThrow('a secret is in it');
  expect(await repository.head(signal)).toBeUndefined();
});

test('a lock that a git of a killed runner still holds is waited for', async () => {
  await repository.edit('Add a', write('a', 'a'), signal);
  const lock = join(repository.folder, '.git/index.lock');
  await writeFile(lock, '');
  const editing = repository.edit('Add b', write('b', 'b'), signal);
  const first = await Promise.race([editing, new Promise((resolve) => setTimeout(resolve, 300, 'waiting'))]);
  expect(first).toBe('waiting');
  expect(existsSync(lock)).toBe(true);
  await rm(lock);
  const commit = await editing;
  expect(await repository.head(signal)).toBe(commit);
});

test('a lock whose holder was killed is taken away', async () => {
  await repository.edit('Add a', write('a', 'a'), signal);
  const lock = join(repository.folder, '.git/index.lock');
  await writeFile(lock, '');
  const longAgo = Date.now() / 1_000 - 60;
  await utimes(lock, longAgo, longAgo);
  expect(await repository.edit('Add b', write('b', 'b'), signal)).toBe(await repository.head(signal));
});

test('a working copy that was begun and not finished is finished', async () => {
  await run('git', ['init', '--quiet', repository.folder]);
  const commit = await repository.edit('Add a', write('a', 'a'), signal);
  expect(await repository.head(signal)).toBe(commit);
});

test('a change is made anew on what the forge got meanwhile', async () => {
  await repository.edit('Add a', write('a', 'a'), signal);
  const other = configurationRepository(join(root, 'other'), forge, {});
  let made = 0;
  await repository.edit(
    'Add b',
    async (folder) => {
      made += 1;
      if (made === 1) await other.edit('Add c', write('c', 'c'), signal);
      await write('b', 'b')(folder);
    },
    signal,
  );
  expect(made).toBe(2);
  expect([await other.read('b', signal), await other.read('c', signal)]).toEqual(['b', 'c']);
});
