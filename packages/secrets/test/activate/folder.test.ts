import { spawn, spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { activate } from '../../src/activate.ts';
import { generateKeyPair, identityFile } from '../../src/age.ts';
import { encryptFile } from '../../src/sops.ts';
import { temporaryDirectory } from '../temporary.ts';

const isRoot = process.getuid?.() === 0;
const [alice, bob] = [61_001, 61_002];

/** A manifest with one secret of alice's at a path in her home. */
async function fixture(path: (root: string) => string, more: object = {}) {
  const root = await temporaryDirectory();
  // Activating mounted a memory file system there.
  onTestFinished(() => void spawnSync('umount', ['-l', join(root, 'secrets.d')]));
  await chmod(root, 0o755);
  const keys = generateKeyPair();
  const file = join(root, 'a.yaml');
  await writeFile(file, await encryptFile('a: secret\n', { file, recipients: [keys.recipient] }));
  await writeFile(join(root, 'key.txt'), identityFile(keys));
  for (const [name, uid] of [
    ['alice', alice],
    ['bob', bob],
  ] as const) {
    await mkdir(join(root, name, '.ssh'), { recursive: true });
    for (const folder of [join(root, name), join(root, name, '.ssh')]) await chown(folder, uid, uid);
  }
  const manifest = join(root, 'manifest.json');
  const secret = {
    name: 'one',
    key: 'a',
    sopsFile: file,
    format: 'yaml',
    mode: '0400',
    uid: alice,
    gid: alice,
  };
  await writeFile(
    manifest,
    JSON.stringify({
      secrets: [{ ...secret, path: path(root), ...more }],
      secretsMountPoint: join(root, 'secrets.d'),
      symlinkPath: join(root, 'secrets'),
      ageKeyFile: join(root, 'key.txt'),
    }),
  );
  return { root, manifest };
}

test.runIf(isRoot)("a link in the owner's own folder is made", async () => {
  const { root, manifest } = await fixture((top) => join(top, 'alice', '.ssh', 'deep', 'key'));
  await activate({ manifest });
  expect(await readlink(join(root, 'alice', '.ssh', 'deep', 'key'))).toBe(join(root, 'secrets', 'one'));
  expect((await stat(join(root, 'alice', '.ssh', 'deep'))).mode & 0o777).toBe(0o755);
});

test.runIf(isRoot)('a folder that is linked elsewhere is refused, and nothing is changed', async () => {
  const { root, manifest } = await fixture((top) => join(top, 'alice', 'link', 'authorized_keys'));
  const victim = join(root, 'bob', '.ssh', 'authorized_keys');
  await writeFile(victim, 'of bob');
  await symlink(join(root, 'bob', '.ssh'), join(root, 'alice', 'link'));
  await expect(activate({ manifest })).rejects.toMatchObject({
    code: 'ACTIVATION_FAILED',
    file: join(root, 'alice', 'link'),
  });
  expect(await readFile(victim, 'utf8')).toBe('of bob');
  await expect(readlink(join(root, 'secrets'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test.runIf(isRoot)("another user's folder is refused", async () => {
  const { root, manifest } = await fixture((top) => join(top, 'bob', '.ssh', 'key'));
  await expect(activate({ manifest })).rejects.toMatchObject({
    code: 'ACTIVATION_FAILED',
    file: join(root, 'bob'),
    message: expect.stringContaining(`user ${bob}`),
  });
});

test.runIf(isRoot)('a folder that is swapped for a link again and again gets no mode of ours', async () => {
  const { root, manifest } = await fixture((top) => join(top, 'alice', 'swapped', 'deep', 'key'));
  const target = join(root, 'target');
  await mkdir(target, { mode: 0o700 });
  const swapped = join(root, 'alice', 'swapped');
  const loop = 'while :; do rm -rf "$1"; ln -s "$2" "$1" 2>/dev/null; done';
  const racer = spawn('sh', ['-c', loop, 'sh', swapped, target], { uid: alice, gid: alice, stdio: 'ignore' });
  try {
    for (let round = 0; round < 8; round++) await activate({ manifest }).catch(() => undefined);
  } finally {
    racer.kill('SIGKILL');
  }
  expect((await stat(target)).mode & 0o777).toBe(0o700);
});

test.each([
  ['the path of the symlink itself', (root: string) => join(root, 'secrets')],
  ['a place of the secrets, spelled otherwise', (root: string) => `${root}/alice/../secrets/x`],
  ['a relative path', () => 'relative/key'],
  ['a path in the mount point', (root: string) => join(root, 'secrets.d', 'x')],
])('%s is no path of a secret', async (_what, path) => {
  const { manifest } = await fixture(path);
  await expect(activate({ manifest })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('secrets.0.path'),
  });
});

test.runIf(isRoot)('generations above the current one are removed with the old ones', async () => {
  const { root, manifest } = await fixture(() => '');
  await activate({ manifest });
  await mkdir(join(root, 'secrets.d', '41'));
  expect(await activate({ manifest })).toMatchObject({ generation: 2 });
  await expect(stat(join(root, 'secrets.d', '41'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('two secrets with one path are refused', async () => {
  const { manifest } = await fixture((root) => join(root, 'alice', 'x'));
  const parsed = JSON.parse(await readFile(manifest, 'utf8')) as { secrets: object[] };
  parsed.secrets.push({ ...parsed.secrets[0], name: 'two' });
  await writeFile(manifest, JSON.stringify(parsed));
  await expect(activate({ manifest })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('secrets.1.path'),
  });
});
