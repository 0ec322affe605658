import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Decrypter, Encrypter, armor, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { expect, test } from 'vitest';
import { sealAgeFile, unpadded } from '../../src/age/age-file.ts';
import { encodeBech32 } from '../../src/age/bech32.ts';
import { unwrapDataKey, wrapDataKey } from '../../src/age/data-key.ts';
import { generateKeyPair, parseIdentities } from '../../src/age/identities.ts';
import { sshIdentity, sshToAge } from '../../src/age/ssh-identity.ts';
import { temporaryDirectory } from '../temporary.ts';

async function sshKey(...options: string[]): Promise<{ pem: string; recipient: string }> {
  const path = join(await temporaryDirectory(), 'key');
  execFileSync('ssh-keygen', ['-q', '-N', '', '-f', path, ...options]);
  const recipient = (await readFile(`${path}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
  return { pem: await readFile(path, 'utf8'), recipient };
}

test('what we wrap for X25519 the age library opens, and the other way', async () => {
  const { identity, recipient } = generateKeyPair();
  expect(await identityToRecipient(identity)).toBe(recipient);
  const dataKey = randomBytes(32);
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const ours = await wrapDataKey(dataKey, recipient);
  expect(Buffer.from(await decrypter.decrypt(armor.decode(ours)))).toEqual(dataKey);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  encrypter.addRecipient(generateKeyPair().recipient);
  const theirs = armor.encode(await encrypter.encrypt(dataKey));
  const opened = await unwrapDataKey(theirs, parseIdentities(identity));
  expect(Buffer.from(opened ?? [])).toEqual(dataKey);
  expect(await unwrapDataKey(theirs, parseIdentities(generateKeyPair().identity))).toBeUndefined();
});

test('hybrid post-quantum identities open their data keys', async () => {
  const identity = await generateHybridIdentity();
  const dataKey = randomBytes(32);
  const enc = await wrapDataKey(dataKey, await identityToRecipient(identity));
  const opened = await unwrapDataKey(enc, [
    ...parseIdentities(generateKeyPair().identity),
    ...parseIdentities(identity),
  ]);
  expect(Buffer.from(opened ?? [])).toEqual(dataKey);
  expect(await unwrapDataKey(enc, parseIdentities(await generateHybridIdentity()))).toBeUndefined();
});

test.each([
  ['ssh-ed25519', ['-t', 'ed25519']],
  ['ssh-rsa', ['-t', 'rsa', '-b', '2048']],
  ['ssh-rsa in PEM', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
])('%s keys wrap and open', async (_name, options) => {
  const { pem, recipient } = await sshKey(...options);
  const identity = sshIdentity(pem);
  expect(identity.recipient).toBe(recipient);
  const dataKey = randomBytes(32);
  const enc = await wrapDataKey(dataKey, recipient);
  expect(Buffer.from((await unwrapDataKey(enc, [identity])) ?? [])).toEqual(dataKey);
  expect(await unwrapDataKey(enc, parseIdentities(generateKeyPair().identity))).toBeUndefined();
});

test('an ssh key opens files for its age key only by conversion, as in sops-nix', async () => {
  const { pem } = await sshKey('-t', 'ed25519');
  const converted = sshToAge(pem);
  const enc = await wrapDataKey(randomBytes(32), converted.recipient);
  expect(await unwrapDataKey(enc, [converted])).toHaveLength(32);
  expect(await unwrapDataKey(enc, [sshIdentity(pem)])).toBeUndefined();
});

test('an ssh key with a passphrase is refused by name', async () => {
  const path = join(await temporaryDirectory(), 'key');
  execFileSync('ssh-keygen', ['-q', '-N', 'secret words', '-t', 'ed25519', '-f', path]);
  const pem = await readFile(path, 'utf8');
  expect(() => sshIdentity(pem, 'key')).toThrow(/key: an ssh key with a passphrase/);
});

test('every changed byte of an encrypted data key is rejected', async () => {
  const { identity, recipient } = generateKeyPair();
  const enc = await wrapDataKey(randomBytes(32), recipient);
  const identities = parseIdentities(identity);
  for (let at = 0; at < enc.trimEnd().length; at++) {
    const changed = enc.slice(0, at) + (enc[at] === 'A' ? 'B' : 'A') + enc.slice(at + 1);
    const opened = await unwrapDataKey(changed, identities).catch((error: unknown) => error);
    expect(opened instanceof Uint8Array, `byte ${at}`).toBe(false);
  }
});

test('a mistyped identity is refused without being shown', () => {
  const { identity } = generateKeyPair();
  const mistyped = `${identity.slice(0, -1)}${identity.endsWith('Q') ? 'P' : 'Q'}`;
  let message = '';
  try {
    parseIdentities(`# mine\n${mistyped}\n`, 'keys.txt');
  } catch (error) {
    message = String(error);
  }
  expect(message).toContain('keys.txt:2');
  expect(message).not.toContain(mistyped.slice(20, 40));
});

test('a share or a recipient of low order is refused, as no honest one is', async () => {
  const { identity } = generateKeyPair();
  const stanza = { args: ['X25519', unpadded(new Uint8Array(32))], body: new Uint8Array(32) };
  const enc = sealAgeFile(randomBytes(32), randomBytes(16), [stanza]);
  await expect(unwrapDataKey(enc, parseIdentities(identity))).rejects.toMatchObject({ code: 'KEY_INVALID' });
  const recipient = encodeBech32('age', new Uint8Array(32));
  await expect(wrapDataKey(randomBytes(32), recipient)).rejects.toMatchObject({ code: 'KEY_INVALID' });
});

test('an ssh key that has no age key is named', () => {
  expect(() => sshToAge('nothing of the kind', '/etc/ssh/key')).toThrow(/^\/etc\/ssh\/key: /);
});
