import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCommand } from '@cutover/foundation/run-command';
import { expect, test, vi } from 'vitest';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair, identityFile } from '../../src/age.ts';
import { descriptions } from '../../src/commands/descriptions.ts';
import { exitCodes, secretsExitCode } from '../../src/commands/exit-codes.ts';
import { createProgram } from '../../src/commands/program.ts';
import { temporaryDirectory } from '../temporary.ts';

async function secrets(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const chunks = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr'): PassThrough =>
    new PassThrough().on('data', (chunk: Buffer) => void (chunks[name] += chunk.toString()));
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    chunks.stdout += Buffer.from(chunk).toString();
    return true;
  });
  const spyError = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    chunks.stderr += Buffer.from(chunk).toString();
    return true;
  });
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    const code = await runCommand(await createProgram(argv), {
      argv,
      io: { stdout: sink('stdout'), stderr: sink('stderr') },
      exitCodeOf: secretsExitCode,
    });
    return { code, ...chunks };
  } finally {
    process.exitCode = before;
    spy.mockRestore();
    spyError.mockRestore();
  }
}

test('encrypt, decrypt and rotate a file by .sops.yaml', async () => {
  const directory = await temporaryDirectory();
  const keys = generateKeyPair();
  const [key, file] = [join(directory, 'key.txt'), join(directory, 'a.yaml')];
  await writeFile(key, identityFile(keys));
  await writeFile(
    join(directory, '.sops.yaml'),
    JSON.stringify({ creation_rules: [{ path_regex: 'a\\.yaml$', age: keys.recipient }] }),
  );
  await writeFile(file, 'a: CANARY\n');
  expect(await secrets('encrypt', file, '--in-place')).toMatchObject({ code: 0 });
  const encrypted = await readFile(file, 'utf8');
  expect(encrypted).not.toContain('CANARY');
  expect(await secrets('decrypt', file, '-i', key, '--key', 'a')).toMatchObject({
    code: 0,
    stdout: 'CANARY',
  });
  expect(await secrets('rotate', file, '-i', key)).toMatchObject({ code: 0 });
  expect(await readFile(file, 'utf8')).not.toBe(encrypted);
  expect(await secrets('encrypt', file, '--in-place')).toMatchObject({ code: 1 });
});

test('exit codes and --json errors are as documented', async () => {
  const directory = await temporaryDirectory();
  const [keys, other] = [generateKeyPair(), generateKeyPair()];
  const [key, file, config] = [
    join(directory, 'key.txt'),
    join(directory, 'a.yaml'),
    join(directory, 'secrets.yaml'),
  ];
  await writeFile(key, identityFile(keys));
  await writeFile(file, await encryptFile('a: 1\n', { file, recipients: [other.recipient] }));
  expect(await secrets('decrypt', file, '-i', key)).toMatchObject({ code: 11 });
  const good = Buffer.from(
    await encryptFile('a: 1\nb_unencrypted: x1\n', { file, recipients: [keys.recipient] }),
  ).toString();
  await writeFile(file, good.replace('x1', 'x2'));
  expect(await secrets('decrypt', file, '-i', key)).toMatchObject({ code: 12 });
  await writeFile(config, 'secrets: []\n');
  expect(await secrets('verify', '--to', 'local', '-c', config, '--json')).toMatchObject({
    code: 2,
    stdout: expect.stringContaining('CONFIG_INVALID'),
  });
  expect(await secrets('verify', '--to', 'not a host', '-c', config)).toMatchObject({ code: 2 });
});

test('sources are one host, or a name and a host for each; what is missing is named', async () => {
  const directory = await temporaryDirectory();
  const config = join(directory, 'secrets.yaml');
  const [key, one, two] = ['key.txt', 'one', 'two'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const keys = generateKeyPair();
  await writeFile(key, identityFile(keys));
  for (const path of [one, two]) {
    await writeFile(path, 'value\n', { mode: 0o400 });
    await writeFile(
      `${path}.sops`,
      await encryptFile('value\n', { file: 'x', recipients: [keys.recipient] }),
    );
  }
  const owner = String(process.getuid?.() ?? 0);
  const secret = (name: string, path: string): object => ({
    name,
    source: { host: `${name}-host`, path },
    file: `${name}.sops`,
    path,
    owner,
  });
  await writeFile(config, JSON.stringify({ secrets: [secret('one', one), secret('two', two)] }));
  const verify = (...from: string[]): ReturnType<typeof secrets> =>
    secrets('verify', '--to', 'local', '-c', config, '-i', key, '--json', '--from', ...from);
  const both = await verify('one-host=local', 'two-host=local');
  expect(both.code).toBe(0);
  expect(JSON.parse(both.stdout)).toMatchObject({ ok: true, secrets: [{ equal: 'yes' }, { equal: 'yes' }] });
  expect(await verify('local')).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/one-host, two-host/),
  });
  expect(await verify('one-host=local')).toMatchObject({
    code: 2,
    stdout: expect.stringContaining('two-host'),
  });
  expect(await verify('local', 'two-host=local')).toMatchObject({ code: 2 });
});

test('--json says of each file whether it was changed, and gives what was decrypted', async () => {
  const directory = await temporaryDirectory();
  const keys = generateKeyPair();
  const [key, file] = [join(directory, 'key.txt'), join(directory, 'a.yaml')];
  await writeFile(key, identityFile(keys));
  await writeFile(file, await encryptFile('a: one\n', { file, recipients: [keys.recipient] }));
  const json = async (...argv: string[]): Promise<unknown> =>
    JSON.parse((await secrets(...argv, '-i', key, '--json')).stdout);
  expect(await json('decrypt', file)).toMatchObject({
    file,
    format: 'yaml',
    recipients: [keys.recipient],
    encoding: 'utf8',
    content: 'a: one\n',
  });
  expect(await json('rotate', file)).toEqual({ files: [{ file, changed: true }] });
  const rules = join(directory, 'rules.yaml');
  await writeFile(rules, JSON.stringify({ creation_rules: [{ age: keys.recipient }] }));
  expect(await json('updatekeys', file, '--rules', rules)).toEqual({ files: [{ file, changed: false }] });
  expect(await json('unset', file, 'a')).toEqual({ files: [{ file, changed: true }] });
});

test('the help and the documentation list the same exit codes', async () => {
  const { stdout } = await secrets('--help');
  const documented = await readFile(new URL('../../../../docs/secrets-command.md', import.meta.url), 'utf8');
  for (const { code, meaning } of Object.values(exitCodes)) {
    expect(stdout).toMatch(new RegExp(`^  ${code} +${meaning.replaceAll(/[()]/g, '\\$&')}$`, 'm'));
    expect(documented).toMatch(
      new RegExp(`^\\| ${code} +\\| ${meaning.replaceAll(/[()]/g, '\\$&')} +\\|$`, 'm'),
    );
  }
});

test('every mistake of a config is told at once, each with its line and column', async () => {
  const config = join(await temporaryDirectory(), 'secrets.yaml');
  await writeFile(config, 'recipients: [nonsense]\nsecrets:\n  - name: a b\n    file: a.sops\n');
  const { code, stdout, stderr } = await secrets('verify', '--to', 'local', '-c', config, '--json');
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
  expect(stderr).toContain(`${config}:1:14: recipients.0: `);
  expect(stderr).toContain(`${config}:3:5: secrets.0.name: `);
  expect(stderr).toContain('secrets.0.source: is missing');
});

test.each([
  ['lint', '(choices: "sops-nix"'],
  ['rotate', 'no effect'],
  ['exec-file', 'no effect'],
  ['filestatus', 'no effect'],
  ['exec-env', 'print an error of our own as JSON'],
])('the help of %s says what an option is good for', async (name, words) => {
  const { stdout } = await secrets(name, '--help');
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(words);
});

test('each command explains itself', async () => {
  for (const name of Object.keys(descriptions)) {
    const { code, stdout } = await secrets(name, '--help');
    expect({ name, code }).toEqual({ name, code: 0 });
    expect(stdout).toContain(`Usage: secrets ${name}`);
  }
});
