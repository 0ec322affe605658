import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { afterAll, expect, test } from 'vitest';
import { keysAtForge } from '../../src/old-rig/host-keys.ts';
import { fingerprintOf } from '../../src/world/fence.ts';
import type { World } from '../../src/world/world.ts';

const home = await mkdtemp(join(tmpdir(), "cutover's home "));
afterAll(() => rm(home, { recursive: true }));

/** A public key as ssh-keygen writes it. */
function publicKey(comment: string): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const parts = [Buffer.from('ssh-ed25519'), Buffer.from(x, 'base64url')].flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  return `ssh-ed25519 ${Buffer.concat(parts).toString('base64')} ${comment}`;
}

test('of the keys in a home, those that the forge lets in are found', async () => {
  const signal = AbortSignal.timeout(30_000);
  const [known, other] = [publicKey('pi'), publicKey('laptop')];
  const fingerprint = fingerprintOf(known);
  const world = { forge: { fence: { list: async () => [{ name: 'pi', fingerprint }] } } } as unknown as World;
  expect(await keysAtForge(world, localHost(), home, signal)).toEqual([]);
  await mkdir(join(home, '.ssh'));
  await writeFile(join(home, '.ssh/known.pub'), `${known}\n`);
  await writeFile(join(home, '.ssh/other.pub'), `${other}\n`);
  expect(await keysAtForge(world, localHost(), home, signal)).toEqual([
    { name: 'pi', fingerprint, publicKey: known.split(' ').slice(0, 2).join(' ') },
  ]);
});
