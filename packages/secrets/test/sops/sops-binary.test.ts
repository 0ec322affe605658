import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encryptFile, sopsBinary } from '../../src/sops.ts';
import { generateKeyPair } from '../../src/age.ts';
import { sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const path = sopsCommand('3.13.2') ?? '';

test.skipIf(path === '')(
  'the sops command is the same thing behind the interface, and its version is pinned',
  async () => {
    const keys = generateKeyPair();
    const directory = await temporaryDirectory();
    const config = join(directory, '.sops.yaml');
    await writeFile(config, JSON.stringify({ creation_rules: [{ age: keys.recipient }] }));
    const binary = await sopsBinary({
      path,
      version: '3.13.2',
      env: { SOPS_AGE_KEY: keys.identity, HOME: '/nonexistent' },
    });
    const encrypted = await binary.encrypt(Buffer.from('a: CANARY\n'), {
      file: join(directory, 'x.yaml'),
      rules: config,
    });
    expect(Buffer.from(encrypted).toString()).not.toContain('CANARY');
    expect(Buffer.from(await binary.decrypt(encrypted, { file: 'x.yaml' })).toString()).toBe('a: CANARY\n');
    await expect(sopsBinary({ path, version: '3.9.0' })).rejects.toMatchObject({ code: 'BINARY_FAILED' });
    const strangers = await encryptFile('a: 1\n', {
      file: 'x.yaml',
      recipients: [generateKeyPair().recipient],
    });
    await expect(binary.decrypt(strangers, { file: 'x.yaml' })).rejects.toThrow(/128: no key opens the file/);
    await expect(
      binary.encrypt(Buffer.from('a: [CANARY'), { file: join(directory, 'x.yaml'), rules: config }),
    ).rejects.toThrow(/^(?![^]*CANARY)/);
  },
);

test('a command that is not there is an error of ours', async () => {
  await expect(sopsBinary({ path: '/nonexistent/sops', version: '3.13.2' })).rejects.toMatchObject({
    code: 'BINARY_FAILED',
  });
});
