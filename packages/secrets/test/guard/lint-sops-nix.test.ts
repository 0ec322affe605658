import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair } from '../../src/age.ts';
import { lintSopsNix } from '../../src/activate.ts';
import { temporaryDirectory } from '../temporary.ts';

const { recipient } = generateKeyPair();
const ssh = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPtyUmfmVvUyJ0PVwNuRyQn7rBrPzJwVYmpJQ6w4k0p';

async function lint(
  secret: Record<string, unknown>,
  more: Record<string, unknown> = {},
  host = recipient,
): Promise<string[]> {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'f'));
  const write = async (file: string, text: string, recipients = [recipient]): Promise<void> =>
    writeFile(join(directory, 'f', file), await encryptFile(text, { file, recipients }));
  await write('a.yaml', 'text: hello\nnumber: 5\nmap:\n  k: v\nlist: [1]\na/b: x\n');
  await write('a.env', 'A=1\n');
  const manifest = {
    secrets: [
      {
        name: 's',
        key: 'text',
        path: '/run/secrets/s',
        sopsFile: join(directory, 'f', 'a.yaml'),
        format: 'yaml',
        mode: '0400',
        ...secret,
      },
    ],
    ageKeyFile: '/var/lib/key.txt',
    ...more,
  };
  const path = join(directory, 'manifest.json');
  await writeFile(path, JSON.stringify(manifest).replaceAll('$DIR', join(directory, 'f')));
  return (await lintSopsNix(path, { recipient: host })).map(({ trap }) => trap);
}

test('a manifest without traps has no findings', async () => {
  expect(await lint({})).toEqual([]);
  expect(await lint({ key: 'map/k' })).toEqual([]);
});

test.each([
  ['a number', { key: 'number' }, 'not-text'],
  ['a map', { key: 'map' }, 'not-text'],
  ['a list', { key: 'list' }, 'not-text'],
  ['a key of a list', { key: 'list/0' }, 'key-missing'],
  ['a missing key', { key: 'nope' }, 'key-missing'],
  ['a key with a slash in it', { key: 'a/b' }, 'key-missing'],
  ['a key for dotenv', { format: 'dotenv', sopsFile: '$DIR/a.env', key: 'A' }, 'key-ignored'],
  ['a wrong format', { format: 'json' }, 'unreadable'],
  ['a missing file', { sopsFile: '/nonexistent/x.yaml' }, 'missing-file'],
  ['a relative file', { sopsFile: 'f/a.yaml' }, 'relative-file'],
  ['a mode for everyone', { mode: '0444' }, 'mode-world'],
  ['a mode under the umask', { mode: '0460' }, 'mode-umask'],
])('%s', async (_what, secret, trap) => {
  expect(await lint(secret)).toContain(trap);
});

test.each([
  ['no key', { ageKeyFile: '' }, 'no-key'],
  ['a key in the store', { ageKeyFile: '/nix/store/x-key.txt' }, 'key-in-store'],
  ['a key that comes late', { ageKeyFile: '/home/me/key.txt' }, 'key-absent-at-boot'],
])('%s', async (_what, more, trap) => {
  expect(await lint({}, more)).toContain(trap);
});

test('a file for an ssh key itself, which sops-nix does not use', async () => {
  const directory = await temporaryDirectory();
  await writeFile(
    join(directory, 'a.yaml'),
    await encryptFile('k: v\n', { file: 'a.yaml', recipients: [ssh] }),
  );
  const path = join(directory, 'm.json');
  const secret = {
    name: 's',
    key: 'k',
    path: '/run/secrets/s',
    sopsFile: join(directory, 'a.yaml'),
    format: 'yaml',
    mode: '0400',
  };
  await writeFile(
    path,
    JSON.stringify({ secrets: [secret], ageSshKeyPaths: ['/etc/ssh/ssh_host_ed25519_key'] }),
  );
  expect((await lintSopsNix(path, { recipient: ssh })).map(({ trap }) => trap)).toEqual(['ssh-recipient']);
  // Without the host's recipient it cannot be said whether the host will open it, and nothing will show that it does not.
  expect(await lintSopsNix(path)).toContainEqual(
    expect.objectContaining({ secret: '*', severity: 'warning', trap: 'silent-failure' }),
  );
});

test('a file that is not for the host, which would go unseen', async () => {
  expect(await lint({}, {}, generateKeyPair().recipient)).toEqual(['not-for-host']);
});

test('one file with two formats', async () => {
  const secret = (name: string, format: string) => ({
    name,
    format,
    key: 'text',
    path: `/run/secrets/${name}`,
    mode: '0400',
    sopsFile: '$DIR/a.yaml',
  });
  expect(await lint({}, { secrets: [secret('one', 'yaml'), secret('two', 'json')] })).toContain(
    'formats-differ',
  );
});
