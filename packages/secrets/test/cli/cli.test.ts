import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCommand } from '@cutover/command-line';
import { expect, test, vi } from 'vitest';
import { encryptFile, generateKeyPair, identityFile } from '../../src/index.ts';
import { secretsExitCode } from '../../src/cli/exit-codes.ts';
import { createProgram } from '../../src/cli/program.ts';
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
