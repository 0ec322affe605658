import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Encrypter } from 'age-encryption';
import { expect, test } from 'vitest';
import { wrapDataKey, unwrapDataKey } from '../../src/age/data-key.ts';
import { generateKeyPair } from '../../src/age/identities.ts';
import { findIdentities, readIdentityFile, splitWords } from '../../src/age/search.ts';
import { temporaryDirectory } from '../temporary.ts';

test('identities come from all places, and only from those that are given', async () => {
  const home = await temporaryDirectory();
  const [inline, second, file, command, own] = Array.from({ length: 5 }, () => generateKeyPair());
  if (!inline || !second || !file || !command || !own) throw new Error('unreachable');
  await writeFile(join(home, 'file.txt'), `${file.identity}\n`);
  const script = join(home, 'key command.sh');
  await writeFile(script, `#!/bin/sh\necho ${command.identity}\n`);
  await chmod(script, 0o700);
  await mkdir(join(home, '.config', 'sops', 'age'), { recursive: true });
  await writeFile(join(home, '.config', 'sops', 'age', 'keys.txt'), `# mine\n${own.identity}\n`);
  const env = {
    PATH: process.env['PATH'],
    SOPS_AGE_KEY: `${inline.identity} ${second.identity}`,
    SOPS_AGE_KEY_FILE: join(home, 'file.txt'),
    SOPS_AGE_KEY_CMD: `'${script}' --x`,
  };
  const identities = await findIdentities({ env, home });
  expect(identities).toHaveLength(5);
  for (const { recipient } of [inline, second, file, command, own]) {
    expect(await unwrapDataKey(await wrapDataKey(Buffer.alloc(32, 7), recipient), identities)).toHaveLength(
      32,
    );
  }
  expect(await findIdentities({ env: {}, home: join(home, 'empty') })).toEqual([]);
  // Many services have it for a home.
  expect(await findIdentities({ env: {}, home: '/dev/null' })).toEqual([]);
});

test('an identity file under a passphrase is opened with it', async () => {
  const { identity } = generateKeyPair();
  const path = join(await temporaryDirectory(), 'keys.age');
  const encrypter = new Encrypter();
  encrypter.setPassphrase('correct horse');
  encrypter.setScryptWorkFactor(4);
  await writeFile(path, await encrypter.encrypt(`${identity}\n`));
  expect(await readIdentityFile(path, { passphrase: async () => 'correct horse' })).toHaveLength(1);
  await expect(readIdentityFile(path, { passphrase: async () => 'wrong' })).rejects.toMatchObject({
    code: 'NO_IDENTITY',
  });
  await expect(readIdentityFile(path)).rejects.toMatchObject({ code: 'NO_IDENTITY' });
});

test('a key command that fails shows nothing of what it printed', async () => {
  const env = {
    PATH: process.env['PATH'],
    SOPS_AGE_KEY_CMD: 'sh -c "echo CANARY-9f3a; echo CANARY-9f3a >&2; exit 3"',
  };
  const error = await findIdentities({ env, home: '/nonexistent' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'NO_IDENTITY' });
  expect(String(error)).not.toContain('CANARY');
});

test('commands are split without a shell', () => {
  expect(splitWords(`a 'b c' "d \\"e" f\\ g $(x)`)).toEqual(['a', 'b c', 'd "e', 'f g', '$(x)']);
});

test('an identity file that is not there is named', async () => {
  await expect(readIdentityFile('/nonexistent/key.txt')).rejects.toMatchObject({
    code: 'NO_IDENTITY',
    file: '/nonexistent/key.txt',
  });
});
