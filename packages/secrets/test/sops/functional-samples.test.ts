import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { SecretsError, decryptFile, encryptFile, readMetadata } from '../../src/sops.ts';
import { runSops, sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';
import { hasGpg, makeKeyring } from './keyring.ts';

/** sops's own sample files, where Go has its module: read there, never copied. */
const samples = ((): string | undefined => {
  if (spawnSync('go', ['version']).status !== 0) return undefined;
  const cache = execFileSync('go', ['env', 'GOMODCACHE']).toString().trim();
  const path = join(cache, 'github.com', 'getsops', 'sops', 'v3@v3.13.2', 'functional-tests', 'res');
  return existsSync(path) ? path : undefined;
})();

const sops = sopsCommand('3.13.2');
const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);

describe.runIf(samples !== undefined && sops !== undefined)("sops's own sample files", async () => {
  const names =
    samples === undefined
      ? []
      : (await readdir(samples)).filter((name) => /\.(?:yaml|json|env|ini)$/.test(name));
  const bytesOf = (name: string): Promise<Buffer> => readFile(join(samples ?? '', name));
  const metadata = /^sops_version|^\[sops\]|^\s*"?sops"?:/m;
  const encrypted = (await Promise.all(names.map(bytesOf))).map((bytes) => metadata.test(bytes.toString()));

  test.each(names.filter((_name, index) => encrypted[index] === false))(
    '%s, a plain one, reads the same',
    async (name) => {
      const directory = await temporaryDirectory();
      const path = join(directory, name);
      await writeFile(path, await bytesOf(name));
      const theirs = runSops(sops ?? '', ['encrypt', '--age', keys.recipient, path], {
        ...keys,
        cwd: directory,
      });
      const ours = await encryptFile(await bytesOf(name), { file: name, recipients: [keys.recipient] });
      const plain = Buffer.from((await decryptFile(theirs, { file: name, identities })).plaintext);
      await writeFile(path, ours);
      expect(runSops(sops ?? '', ['decrypt', path], { ...keys, cwd: directory })).toEqual(plain);
      expect(Buffer.from((await decryptFile(ours, { file: name, identities })).plaintext)).toEqual(plain);
    },
  );

  test.runIf(hasGpg)('the encrypted ones open with the same bytes', async () => {
    await using keyring = await makeKeyring();
    const key = join(samples ?? '', '..', '..', 'pgp', 'sops_functional_tests_key.asc');
    execFileSync('gpg', ['--batch', '--quiet', '--import', key], { env: keyring.env, stdio: 'ignore' });
    const directory = await temporaryDirectory();
    // For an age key too, with the data key and the ciphertext that they have.
    const rules = `creation_rules:\n  - pgp: ${functionalKey}\n    age: ${keys.recipient}\n`;
    await writeFile(join(directory, '.sops.yaml'), rules);
    const env = { ...keyring.env, HOME: '/nonexistent' };
    const run = (...args: string[]): string =>
      execFileSync(sops ?? '', args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    const read: Record<string, string> = {};
    const wanted: Record<string, string> = {};
    for (const name of names.filter((_name, index) => encrypted[index] === true)) {
      await readMetadata(await bytesOf(name), { file: name });
      const path = join(directory, name);
      await writeFile(path, await bytesOf(name));
      run('updatekeys', '--yes', path);
      read[name] = await decryptFile(await readFile(path), { file: name, identities }).then(
        ({ plaintext }) => Buffer.from(plaintext).toString(),
        (error: unknown) => (error instanceof SecretsError ? error.code : String(error)),
      );
      wanted[name] = name === 'no_mac.yaml' ? 'MAC_MISMATCH' : run('decrypt', path);
    }
    expect(Object.keys(read).length).toBeGreaterThan(5);
    expect(read).toEqual(wanted);
  });
});

/** The key of sops's own functional tests. */
const functionalKey = 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4';
