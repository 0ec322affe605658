import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKeyPair } from '../../src/age.ts';
import { encryptFile } from '../../src/sops.ts';
import { secretsCommand } from '../secrets-command.ts';
import { temporaryDirectory } from '../temporary.ts';

// What a command loads is most of what a short one takes, so it is held to that and not to the time of a busy machine.

const secrets = secretsCommand();
const { identity, recipient } = generateKeyPair();
/** What a command had loaded at its end. */
async function loadedBy(...args: string[]): Promise<{ files: string[]; builtins: string[] }> {
  const directory = await temporaryDirectory();
  const tell = join(directory, 'tell.cjs');
  await writeFile(
    tell,
    `process.on('exit', () => require('fs').writeFileSync(process.env.LOADED, JSON.stringify({
      files: Object.keys(require.cache), builtins: process.moduleLoadList })))`,
  );
  const sealed = join(directory, 'a.yaml');
  await writeFile(sealed, await encryptFile('a: one\n', { file: sealed, recipients: [recipient] }));
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    SOPS_AGE_KEY: identity,
    NODE_OPTIONS: `-r ${tell}`,
  };
  const report = join(directory, 'loaded.json');
  // Its output is a file, since Node itself loads half of its modules to write to a pipe.
  const { code } = await secrets.run(args, {
    env: { ...env, LOADED: report },
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  expect(code).toBe(0);
  const { files, builtins } = JSON.parse(await readFile(report, 'utf8'));
  return {
    files: files.map((file: string) => basename(file).replace(/-[\w-]{8}\.cjs$/, '')),
    builtins: builtins.map((name: string) => name.replace(/^\w+ /, '')),
  };
}

test('help loads neither YAML, cryptography, nor what runs processes', async () => {
  for (const args of [['--help'], ['keygen', '--help']]) {
    const { files, builtins } = await loadedBy(...args);
    expect(files.length).toBeLessThanOrEqual(5);
    expect(files).not.toContain('yaml');
    expect(files).not.toContain('open');
    expect(builtins).not.toContain('child_process');
    expect(builtins).not.toContain('crypto');
  }
});

test('the version loads nothing', async () => {
  const { files } = await loadedBy('--version');
  expect(files).toEqual(['tell.cjs', 'cli.cjs']);
});

test('to decrypt a file loads what opens it by an age key, in few files', async () => {
  const { files, builtins } = await loadedBy('decrypt', 'a.yaml');
  expect(files).toContain('yaml');
  expect(files.length).toBeLessThanOrEqual(10);
  // zod, re2js, the age library, execa and ssh2 are in files of their own.
  expect(files.filter((name) => /^(?:schemas|build|dist|execa|lib)/.test(name))).toEqual([]);
  expect(builtins).not.toContain('child_process');
  expect(builtins).not.toContain('readline');
});
