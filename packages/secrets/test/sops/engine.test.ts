import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { automaticEngine, encryptFile, nativeEngine, sopsBinary } from '../../src/sops.ts';
import { generateKeyPair, identityFile, parseIdentities } from '../../src/age.ts';
import { str } from '../../src/sops/tree.ts';
import { secretsCommand } from '../secrets-command.ts';
import { sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';
import { type Vault, startVault } from './vault.ts';

const path = sopsCommand('3.13.2') ?? '';
const keys = generateKeyPair();
const native = nativeEngine(async () => parseIdentities(keys.identity));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

describe.skipIf(path === '')('the sops command behind the same interface', () => {
  let vault: Vault;
  beforeAll(async () => void (vault = await startVault()));
  afterAll(() => vault[Symbol.asyncDispose]());
  const env = { HOME: '/nonexistent', VAULT_TOKEN: 'none', SOPS_AGE_KEY: keys.identity };
  const open = () => sopsBinary({ path, version: '3.13.2', env });

  test('does what the native engine does, on the same files', async () => {
    const directory = await temporaryDirectory();
    const file = { file: join(directory, 'a.yaml') };
    await writeFile(
      join(directory, '.sops.yaml'),
      JSON.stringify({ creation_rules: [{ path_regex: '^a\\.yaml$', age: keys.recipient }] }),
    );
    const sops = await open();
    const first = await sops.encrypt(Buffer.from('a: one\nlist:\n    - x\n'), file);
    const engines = [sops, native];
    for (const engine of engines) {
      const set = await engine.set(first, ['list', '1'], { type: 'int', value: 5n }, file);
      const unset = await engine.unset(set.bytes, ['a'], file);
      const whole = await engine.replace(unset.bytes, Buffer.from('b: "two\\nlines"\n'), file);
      const rotated = await engine.rotate(whole.bytes, file);
      for (const other of engines) {
        expect(text(await other.decrypt(set.bytes, file))).toBe('a: one\nlist:\n    - x\n    - 5\n');
        expect(text(await other.decrypt(unset.bytes, file))).toBe('list:\n    - x\n    - 5\n');
        expect(text(await other.decrypt(rotated.bytes, file))).toBe('b: |-\n    two\n    lines\n');
      }
      expect(await engine.updateKeys(rotated.bytes, file)).toMatchObject({ changed: false });
      expect(await engine.replace(first, await native.decrypt(first, file), file)).toMatchObject({
        changed: false,
      });
    }
  });

  test('refuses an integer that sops would take for a float', async () => {
    const file = { file: 'a.yaml' };
    const bytes = await native.encrypt(Buffer.from('a: 1\n'), { ...file, recipients: [keys.recipient] });
    const large = { type: 'int', value: 2n ** 53n + 1n } as const;
    const sops = await open();
    await expect(sops.set(bytes, ['a'], large, file)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  test('is taken where the file or its rule needs it, and only there', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'vault'));
    const rules = {
      creation_rules: [
        { path_regex: '^vault/', hc_vault_transit_uri: vault.uri },
        { path_regex: '^both\\.yaml$', hc_vault_transit_uri: vault.uri, age: keys.recipient },
        { age: keys.recipient },
      ],
    };
    await writeFile(join(directory, '.sops.yaml'), JSON.stringify(rules));
    let opened = 0;
    const sops = await open();
    const engine = automaticEngine(native, async () => (opened++, sops));
    const of = (file: string): { file: string } => ({ file: join(directory, file) });

    const plain = await engine.encrypt(Buffer.from('a: one\n'), of('plain.yaml'));
    expect(text(await engine.decrypt(plain, of('plain.yaml')))).toBe('a: one\n');
    expect(opened).toBe(0);

    const foreign = await engine.encrypt(Buffer.from('a: one\n'), of('vault/x.yaml'));
    expect(text(foreign)).toContain('hc_vault');
    const { bytes } = await engine.set(foreign, ['a'], str('two'), of('vault/x.yaml'));
    expect(text(await engine.decrypt(bytes, of('vault/x.yaml')))).toBe('a: two\n');
    expect(opened).toBe(3);

    // Opened natively by its age key; only what would have to encrypt for Vault anew needs the command.
    const both = await engine.encrypt(Buffer.from('a: one\n'), of('both.yaml'));
    await engine.decrypt(both, of('both.yaml'));
    expect(opened).toBe(4);
    expect(text((await engine.rotate(both, of('both.yaml'))).bytes)).toContain('hc_vault');
    expect(opened).toBe(5);
  });

  test('without the command the native error stands, and names what is missing', async () => {
    const directory = await temporaryDirectory();
    const file = { file: join(directory, 'x.yaml') };
    await writeFile(
      join(directory, '.sops.yaml'),
      JSON.stringify({ creation_rules: [{ hc_vault_transit_uri: vault.uri }] }),
    );
    const foreign = await (await open()).encrypt(Buffer.from('a: one\n'), file);
    const alone = automaticEngine(native, async () => undefined);
    await expect(alone.decrypt(foreign, file)).rejects.toMatchObject({
      code: 'NEEDS_SOPS',
      message: expect.stringContaining('hc_vault'),
    });
    await expect(alone.encrypt(Buffer.from('a: one\n'), file)).rejects.toMatchObject({ code: 'NEEDS_SOPS' });
  });

  describe('of the command secrets', () => {
    const secrets = secretsCommand();

    test('it is named by secrets.yaml or by options, and chosen where it is needed or asked for', async () => {
      const cwd = await temporaryDirectory();
      await writeFile(join(cwd, 'key.txt'), identityFile(keys));
      const config = {
        sops: { path, version: '3.13.2' },
        secrets: [{ name: 'x', source: { host: 'pi', path: '/x' }, file: 'x.sops' }],
      };
      const rules = {
        creation_rules: [{ path_regex: 'vault', hc_vault_transit_uri: vault.uri }, { age: keys.recipient }],
      };
      await writeFile(join(cwd, '.sops.yaml'), JSON.stringify(rules));
      const options = {
        cwd,
        env: { ...env, PATH: process.env['PATH'], SOPS_AGE_KEY_FILE: join(cwd, 'key.txt') },
      };
      await writeFile(join(cwd, 'vault.yaml'), 'a: one\n');
      const encrypt = ['encrypt', 'vault.yaml', '--in-place'];
      expect(await secrets.run(encrypt, options)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('hc_vault'),
      });
      await writeFile(join(cwd, 'secrets.yaml'), JSON.stringify(config));
      expect(await secrets.run(encrypt, options)).toMatchObject({ code: 0 });
      expect(await readFile(join(cwd, 'vault.yaml'), 'utf8')).toContain('hc_vault');
      expect(await secrets.run(['decrypt', 'vault.yaml', '--key', 'a'], options)).toMatchObject({
        stdout: 'one',
      });
      await writeFile(
        join(cwd, 'a.yaml'),
        await encryptFile('a: 1\n', { file: 'a.yaml', recipients: [keys.recipient] }),
      );
      expect(
        await secrets.run(
          ['decrypt', 'a.yaml', '--engine', 'sops', '--sops', path, '--sops-version', '3.13.2'],
          options,
        ),
      ).toMatchObject({
        stdout: 'a: 1\n',
      });
    });
  });
});
