import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { automaticEngine, encryptFile, nativeEngine, sopsBinary } from '../../src/sops.ts';
import { generateKeyPair, identityFile, parseIdentities } from '../../src/age.ts';
import { encodeBech32 } from '../../src/age/bech32.ts';
import { str } from '../../src/sops/tree.ts';
import { secretsCommand } from '../secrets-command.ts';
import { soak } from '../soak.ts';
import { sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';
import { type Keyring, hasGpg, makeKeyring } from './keyring.ts';

const version = '3.13.2';
const path = sopsCommand(version) ?? '';
const keys = generateKeyPair();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const why = path === '' ? `sops ${version} is not built here` : hasGpg ? '' : 'gpg is not installed here';

describe.skipIf(why !== '')(`files for a PGP key${why === '' ? '' : ` (skipped: ${why})`}`, () => {
  let keyring: Keyring;
  const secrets = secretsCommand();
  beforeAll(async () => void (keyring = await makeKeyring()));
  afterAll(() => keyring[Symbol.asyncDispose]());

  /** A folder whose rules ask for PGP, and for both kinds of key in `both.*`. */
  const folder = async (): Promise<string> => {
    const directory = await temporaryDirectory();
    const pgp = keyring.fingerprint;
    const rules = [{ path_regex: '^both\\.', pgp, age: keys.recipient }, { pgp }];
    await writeFile(join(directory, '.sops.yaml'), JSON.stringify({ creation_rules: rules }));
    return directory;
  };

  const formats = [
    ['a.yaml', 'a: one\n', 'a: two\n', 'b: three\n'],
    ['a.env', 'a=one\n', 'a=two\n', 'b=three\n'],
  ] as const;

  test.each(formats.slice(0, soak(2, 1)))(
    '%s is encrypted, changed and decrypted by the sops command, chosen as its rule and it need it',
    async (name, one, two, three) => {
      const file = { file: join(await folder(), name) };
      const native = nativeEngine(async () => []);
      const sops = await sopsBinary({ path, version, env: keyring.env });
      const engine = automaticEngine(native, async () => sops);
      const first = await engine.encrypt(Buffer.from(one), file);
      expect(text(first)).toContain(keyring.fingerprint);
      expect(text(await engine.decrypt(first, file))).toBe(one);
      const set = await engine.set(first, ['a'], str('two'), file);
      expect(text(await engine.decrypt(set.bytes, file))).toBe(two);
      const whole = await engine.replace(set.bytes, Buffer.from(three), file);
      expect(text(await engine.decrypt(whole.bytes, file))).toBe(three);
      const rotated = await engine.rotate(whole.bytes, file);
      expect(rotated.changed).toBe(true);
      expect(text(await engine.decrypt(rotated.bytes, file))).toBe(three);
      expect(await engine.updateKeys(rotated.bytes, file)).toMatchObject({ changed: false });
    },
  );

  test('a binary file keeps every byte', async () => {
    const file = { file: join(await folder(), 'blob.bin') };
    const engine = await sopsBinary({ path, version, env: keyring.env });
    const blob = Buffer.from([0, 255, 13, 10, 200]);
    const encrypted = await engine.encrypt(blob, file);
    expect(Buffer.from(await engine.decrypt(encrypted, file))).toEqual(blob);
  });

  test('without the command it is required by name, for a file, a rule and an edit', async () => {
    const directory = await folder();
    const file = { file: join(directory, 'a.yaml') };
    const both = { file: join(directory, 'both.yaml') };
    const sops = await sopsBinary({ path, version, env: keyring.env });
    const encrypted = await sops.encrypt(Buffer.from('a: one\n'), file);
    const native = nativeEngine(async () => parseIdentities(keys.identity));
    const alone = automaticEngine(native, async () => undefined);
    const required = { code: 'NEEDS_SOPS', message: expect.stringMatching(/pgp.*--sops and --sops-version/) };
    await expect(alone.decrypt(encrypted, file)).rejects.toMatchObject({ ...required, file: file.file });
    await expect(alone.encrypt(Buffer.from('a: one\n'), file)).rejects.toMatchObject(required);
    const shared = await sops.encrypt(Buffer.from('a: one\n'), both);
    expect(text(await alone.decrypt(shared, both))).toBe('a: one\n');
    await expect(alone.rotate(shared, both)).rejects.toMatchObject(required);
  });

  test('the command finds the keyring, and with -i nothing but that identity opens a file', async () => {
    const cwd = await folder();
    const config = {
      sops: { path, version },
      secrets: [{ name: 'x', source: { host: 'pi', path: '/x' }, file: 'x.sops' }],
    };
    await writeFile(join(cwd, 'secrets.yaml'), JSON.stringify(config));
    await writeFile(join(cwd, 'a.yaml'), 'a: one\n');
    await writeFile(join(cwd, 'mine.txt'), identityFile(keys));
    await writeFile(join(cwd, 'stranger.txt'), identityFile(generateKeyPair()));
    const options = { cwd, env: { ...keyring.env, HOME: '/nonexistent' } };
    const sops = await sopsBinary({ path, version, env: keyring.env });
    const both = join(cwd, 'both.yaml');
    await writeFile(both, await sops.encrypt(Buffer.from('a: one\n'), { file: both }));
    const encrypted = await secrets.run(['encrypt', 'a.yaml', '--in-place'], options);
    expect(encrypted).toMatchObject({ code: 0, stderr: '' });
    expect(await secrets.run(['decrypt', 'a.yaml', '--key', 'a'], options)).toMatchObject({
      code: 0,
      stdout: 'one',
    });
    const by = (identity: string) =>
      secrets.run(['decrypt', 'both.yaml', '-i', identity, '--engine', 'sops'], options);
    expect(await by('mine.txt')).toMatchObject({ code: 0, stdout: 'a: one\n' });
    expect(await by('stranger.txt')).toMatchObject({
      code: 11,
      stdout: '',
      stderr: expect.stringContaining('both.yaml'),
    });
    const changed = (await readFile(join(cwd, 'a.yaml'), 'utf8')).replace(
      /lastmodified: "?\d{4}/,
      (all) => `${all.slice(0, -4)}2001`,
    );
    await writeFile(join(cwd, 'a.yaml'), changed);
    expect(await secrets.run(['decrypt', 'a.yaml'], options)).toMatchObject({ code: 12, stdout: '' });
  });
});

describe.skipIf(path === '')('keys of an age plugin', () => {
  const here = dirname(fileURLToPath(import.meta.url));
  const recipient = encodeBech32('age1backwards', Buffer.from('x'));
  const identity = encodeBech32('age-plugin-backwards-', Buffer.from('x')).toUpperCase();
  const env = { PATH: `${here}:${process.env['PATH']}`, HOME: '/nonexistent', SOPS_AGE_KEY: identity };

  test('are used by the sops command, chosen as the recipient and the identity need it', async () => {
    const file = { file: join(await temporaryDirectory(), 'a.yaml') };
    await writeFile(
      join(dirname(file.file), '.sops.yaml'),
      JSON.stringify({ creation_rules: [{ age: recipient }] }),
    );
    const native = nativeEngine(async () => parseIdentities(identity));
    const sops = await sopsBinary({ path, version, env });
    const engine = automaticEngine(native, async () => sops);
    const encrypted = await engine.encrypt(Buffer.from('a: one\n'), file);
    expect(text(await engine.decrypt(encrypted, file))).toBe('a: one\n');
    await expect(native.decrypt(encrypted, file)).rejects.toMatchObject({
      code: 'NEEDS_SOPS',
      message: expect.stringContaining('identity of the plugin backwards'),
    });
  });

  test('stand in no other key’s way', async () => {
    const encrypted = await encryptFile('a: one\n', { file: 'a.yaml', recipients: [keys.recipient] });
    const native = nativeEngine(async () => parseIdentities(`${identity}\n${keys.identity}\n`));
    expect(text(await native.decrypt(encrypted, { file: 'a.yaml' }))).toBe('a: one\n');
  });
});
