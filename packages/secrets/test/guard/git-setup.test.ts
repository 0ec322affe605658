import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKeyPair } from '../../src/age.ts';
import { encryptFile } from '../../src/sops.ts';
import { git, makeRepository } from '../git.ts';
import { secretsCommand } from '../secrets-command.ts';
import { soak } from '../soak.ts';
import { temporaryDirectory } from '../temporary.ts';

const secrets = secretsCommand();
const keys = generateKeyPair();

test('git diff shows what changed in a sops file to who has its key, and the guard stops a commit in plain text', async () => {
  const path = await temporaryDirectory();
  makeRepository(path);
  await installed(path);
  const file = join(path, 'secrets', 'a.yaml');
  await mkdir(join(path, 'secrets'));
  const seal = async (text: string): Promise<void> =>
    writeFile(file, await encryptFile(text, { file, recipients: [keys.recipient] }));
  await seal('a: CANARY-one\nb: same\n');
  const env = {
    PATH: `${join(path, 'bin')}:${process.env['PATH']}`,
    HOME: path,
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  const withKey = { ...env, SOPS_AGE_KEY: keys.identity };
  expect(await secrets.run(['git-setup'], { cwd: path, env })).toMatchObject({ code: 0, stderr: '' });
  git(path, 'add', 'secrets', '.gitattributes');
  execFileSync('git', ['commit', '-qm', 'Add a secret'], { cwd: path, env, stdio: 'pipe' });
  await seal('a: CANARY-two\nb: same\n');

  const diff = (variables: NodeJS.ProcessEnv) =>
    spawnSync('git', ['diff'], { cwd: path, env: variables, encoding: 'utf8' });
  expect(diff(withKey)).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringMatching(/\n-a: CANARY-one\n\+a: CANARY-two\n b: same\n$/),
  });
  const withoutKey = diff(env);
  expect(withoutKey.status).toBe(0);
  expect(withoutKey.stdout).toMatch(/\n\+a: ENC\[/);
  expect(withoutKey.stdout).not.toContain('CANARY');
  expect(withoutKey.stderr).toContain('none of the identities opens the file');
  // git keeps nothing of it.
  expect(git(path, 'cat-file', '--batch-all-objects', '--batch', '--buffer')).not.toContain('CANARY');
  expect(git(path, 'for-each-ref', 'refs/notes')).toBe('');

  await writeFile(file, 'a: CANARY-plain\n');
  git(path, 'add', 'secrets');
  await writeFile(join(path, '.sops.yaml'), `creation_rules:\n  - age: ${keys.recipient}\n`);
  const commit = spawnSync('git', ['commit', '-qm', 'Oops'], { cwd: path, env, encoding: 'utf8' });
  expect(commit.status).toBe(1);
  expect(commit.stdout + commit.stderr).toContain('secrets/a.yaml');
  expect(git(path, 'log', '--oneline').trim().split('\n')).toHaveLength(2);
});

test('where npx does not find the command, git runs the installed file itself, and a second run changes nothing', async () => {
  const path = await temporaryDirectory();
  makeRepository(path);
  // As npm installs it for all of a machine, in a folder whose name has a space; npx knows nothing of it.
  const program = join(path, 'a folder', 'secrets.cjs');
  await mkdir(join(path, 'a folder'));
  await writeFile(program, `#!${process.execPath}\nrequire(${JSON.stringify(secrets.path)});\n`, {
    mode: 0o755,
  });
  await mkdir(join(path, 'bin'));
  await writeFile(join(path, 'bin', 'npx'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const env = {
    PATH: `${join(path, 'bin')}:${process.env['PATH']}`,
    HOME: path,
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  const setUp = (): string => execFileSync(program, ['git-setup'], { cwd: path, env, encoding: 'utf8' });
  // What an earlier setup left is ours to replace.
  await mkdir(join(path, '.git', 'hooks'), { recursive: true });
  await writeFile(join(path, '.git', 'hooks', 'pre-commit'), '#!/bin/sh\nexec npx --no -- secrets guard\n', {
    mode: 0o755,
  });
  expect(setUp()).toContain('written: ');
  expect(setUp()).not.toContain('written: ');

  await writeFile(join(path, '.sops.yaml'), `creation_rules:\n  - age: ${keys.recipient}\n`);
  await writeFile(join(path, 'a.yaml'), 'a: plain\n');
  git(path, 'add', '.sops.yaml');
  execFileSync('git', ['commit', '-qm', 'Name the recipients'], { cwd: path, env, stdio: 'pipe' });
  git(path, 'add', 'a.yaml');
  const commit = spawnSync('git', ['commit', '-qm', 'Oops'], { cwd: path, env, encoding: 'utf8' });
  expect(commit.status).toBe(1);
  expect(commit.stdout + commit.stderr).toContain('a.yaml');
});

/** The command as npm installs it in a project; npx itself, which takes long to start, with --soak only. */
async function installed(path: string): Promise<void> {
  const start = join(path, 'node_modules', '.bin', 'secrets');
  await mkdir(dirname(start), { recursive: true });
  await writeFile(start, `#!/bin/sh\nexec ${process.execPath} ${secrets.path} "$@"\n`, { mode: 0o755 });
  if (soak(true, false)) return;
  await mkdir(join(path, 'bin'));
  const npx = `#!/bin/sh\n[ "$1 $2 $3" = "--no -- secrets" ] || exit 9\nshift 3\nexec ${start} "$@"\n`;
  await writeFile(join(path, 'bin', 'npx'), npx, { mode: 0o755 });
}
