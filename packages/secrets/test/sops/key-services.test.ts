import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { automaticEngine, encryptFile, nativeEngine, sopsBinary } from '../../src/sops.ts';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { str } from '../../src/sops/tree.ts';
import { sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';

const version = '3.13.2';
const path = sopsCommand(version);
const keys = generateKeyPair();
/** Vault's token and the clouds' variables are in it. */
const ownEnvironment = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
) as Readonly<Record<string, string>>;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Services that somebody has running: what their keys are called in a creation rule, and the variable that names one. */
const services = [
  { name: 'Vault', kind: 'hc_vault_transit_uri', variable: 'CUTOVER_VAULT_KEY' },
  { name: 'AWS KMS', kind: 'kms', variable: 'CUTOVER_KMS_KEY' },
];

for (const { name, kind, variable } of services) {
  const key = process.env[variable] ?? '';
  const why =
    key === '' ? ` (skipped: ${variable} names no key)` : path === undefined ? ' (skipped: no sops)' : '';
  describe.skipIf(why !== '')(`files for a key of a real ${name}${why}`, () => {
    /** The folder's rules ask for the service's key, and for both kinds of key in `both.*`. */
    const folder = async (): Promise<string> => {
      const directory = await temporaryDirectory();
      const rules = [{ path_regex: '^both\\.', [kind]: key, age: keys.recipient }, { [kind]: key }];
      await writeFile(join(directory, '.sops.yaml'), JSON.stringify({ creation_rules: rules }));
      return directory;
    };
    const command = (env = ownEnvironment) => sopsBinary({ path: path ?? '', version, env });

    test.each([
      ['a.yaml', 'a: one\n', 'a: two\n', 'b: three\n'],
      ['a.json', '{\n\t"a": "one"\n}\n', '{\n\t"a": "two"\n}\n', '{\n\t"b": "three"\n}\n'],
      ['a.env', 'a=one\n', 'a=two\n', 'b=three\n'],
      ['a.ini', '[s]\na = one\n', '[s]\na = two\n', '[s]\nb = three\n'],
    ])('%s is encrypted, changed, rotated and decrypted', async (file, one, two, three) => {
      const at = { file: join(await folder(), file) };
      const engine = automaticEngine(
        nativeEngine(async () => []),
        command,
      );
      const first = await engine.encrypt(Buffer.from(one), at);
      expect(text(await engine.decrypt(first, at))).toBe(one);
      const set = await engine.set(first, file === 'a.ini' ? ['s', 'a'] : ['a'], str('two'), at);
      expect(text(await engine.decrypt(set.bytes, at))).toBe(two);
      const whole = await engine.replace(set.bytes, Buffer.from(three), at);
      expect(text(await engine.decrypt(whole.bytes, at))).toBe(three);
      const rotated = await engine.rotate(whole.bytes, at);
      expect(rotated.changed).toBe(true);
      expect(text(await engine.decrypt(rotated.bytes, at))).toBe(three);
      expect(await engine.updateKeys(rotated.bytes, at)).toMatchObject({ changed: false });
    });

    test('one for an age key too is opened natively, and gets the other key by updateKeys', async () => {
      const at = { file: join(await folder(), 'both.yaml') };
      const native = nativeEngine(async () => parseIdentities(keys.identity));
      const engine = automaticEngine(native, command);
      const both = await engine.encrypt(Buffer.from('a: one\n'), at);
      expect(text(await native.decrypt(both, at))).toBe('a: one\n');
      expect(text(await (await command()).decrypt(both, at))).toBe('a: one\n');
      const alone = await encryptFile('a: one\n', { ...at, recipients: [keys.recipient] });
      const sops = await command({ ...ownEnvironment, SOPS_AGE_KEY: keys.identity });
      const added = await sops.updateKeys(alone, at);
      expect(added.changed).toBe(true);
      expect(text(await (await command()).decrypt(added.bytes, at))).toBe('a: one\n');
    });

    test('a service that cannot be reached, or refuses, is an error without any of its words', async () => {
      const at = { file: join(await folder(), 'a.yaml') };
      const encrypted = await (await command()).encrypt(Buffer.from('a: one\n'), at);
      const lost = await command({ PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' });
      await expect(lost.decrypt(encrypted, at)).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:NO_IDENTITY|BINARY_FAILED)$/),
        file: at.file,
      });
    });
  });
}
