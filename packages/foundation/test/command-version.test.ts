import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { commandVersion } from '../src/command-version.ts';

const run = promisify(execFile);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'build-commit-'));
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await rm(folder, { recursive: true, force: true });
});

it('is the version alone without a build, and with the commit after one', () => {
  expect(commandVersion('0.1.0')).toBe('0.1.0');
  vi.stubGlobal('BUILD_COMMIT', 'abc1234');
  expect(commandVersion('0.1.0')).toBe('0.1.0 (abc1234)');
});

async function git(...args: string[]): Promise<string> {
  const names = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org'];
  return (await run('git', [...names, ...args], { cwd: folder })).stdout.trim();
}

/** What a build defines that is made in `folder`. */
async function definedThere(place = folder): Promise<unknown> {
  await mkdir(place, { recursive: true });
  const script = join(place, 'build-commit.js');
  await copyFile(join(import.meta.dirname, '../build-commit.js'), script);
  await writeFile(join(place, 'package.json'), '{"type":"module"}');
  const code = `console.log((await import(${JSON.stringify(pathToFileURL(script).href)})).buildCommit.BUILD_COMMIT)`;
  const env = { PATH: process.env['PATH'], GIT_CEILING_DIRECTORIES: tmpdir() };
  return (await run(process.execPath, ['--input-type=module', '--eval', code], { env })).stdout.trim();
}

it('takes the commit from git, says when files differ from it, and knows none elsewhere', async () => {
  expect(await definedThere()).toBe('undefined');
  await git('init', '--quiet');
  expect(await definedThere()).toBe('undefined');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'one');
  const commit = (await git('rev-parse', 'HEAD')).slice(0, 7);
  expect(await definedThere()).toBe(`"${commit}"`);
  expect(await definedThere(join(folder, 'unpacked'))).toBe('undefined');
  await writeFile(join(folder, 'package.json'), '{"type":"module","name":"other"}');
  const text = `console.log((await import('./build-commit.js')).buildCommit.BUILD_COMMIT)`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text], { cwd: folder });
  expect(stdout.trim()).toBe(`"${commit}-dirty"`);
});
