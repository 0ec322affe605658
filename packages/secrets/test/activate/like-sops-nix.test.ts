import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readFile, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { activate } from '../../src/activate.ts';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair, identityFile } from '../../src/age.ts';
import { sshToAge } from '../../src/age/ssh-identity.ts';
import { temporaryDirectory } from '../temporary.ts';

const keys = generateKeyPair();

/** A folder with a sops file and a manifest of one secret, `one`, changed as asked. */
async function world(changes: Record<string, unknown> = {}, secret: Record<string, unknown> = {}) {
  const root = await temporaryDirectory();
  await writeFile(join(root, 'key.txt'), identityFile(keys));
  const write = async (file: string, text: string, recipients = [keys.recipient]): Promise<void> =>
    writeFile(join(root, file), await encryptFile(text, { file, recipients }));
  await write('a.yaml', 'one: text\ndate: 2025-01-02\n');
  const manifest = join(root, 'manifest.json');
  const fill = (value: unknown): string => JSON.stringify(value).replaceAll('$ROOT', root);
  const one = {
    name: 'one',
    key: 'one',
    path: '$ROOT/run/one',
    sopsFile: 'a.yaml',
    format: 'yaml',
    mode: '0400',
  };
  const describe = (more: Record<string, unknown>): Promise<void> =>
    writeFile(
      manifest,
      fill({
        secrets: [{ ...one, ...secret }],
        secretsMountPoint: '$ROOT/run.d',
        symlinkPath: '$ROOT/run',
        ageKeyFile: '$ROOT/key.txt',
        userMode: true,
        ...changes,
        ...more,
      }),
    );
  await describe({});
  return {
    root,
    manifest,
    write,
    describe,
    content: (name = 'one') => readFile(join(root, 'run', name), 'utf8'),
    mode: async (path: string) => ((await stat(join(root, path))).mode & 0o7777).toString(8),
  };
}

function withEnvironment(name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  onTestFinished(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

test('a manifest as Nix writes it, null for what is not set and all host keys named, is taken', async () => {
  const { manifest, content } = await world(
    {
      gnupgHome: null,
      sshKeyPaths: ['/etc/ssh/ssh_host_rsa_key'],
      ageSshKeyPaths: ['$ROOT/nonexistent_ed25519_key'],
      placeholderBySecretName: null,
      templates: [],
      useTmpfs: false,
      logging: { keyImport: false, secretChanges: false },
    },
    { owner: null, uid: 0, group: null, gid: 0, restartUnits: [], reloadUnits: [] },
  );
  await activate({ manifest });
  expect(await content()).toBe('text');
});

test('ssh host keys open files for their age keys, those that cannot are passed over, and named when nothing opens', async () => {
  const { root, manifest, write, content, describe } = await world({ ageKeyFile: null });
  for (const type of ['ed25519', 'ecdsa'])
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(root, type)]);
  const { recipient } = sshToAge(await readFile(join(root, 'ed25519'), 'utf8'));
  await write('a.yaml', 'one: by ssh\n', [recipient]);
  await describe({ ageSshKeyPaths: ['$ROOT/ecdsa', '$ROOT/gone', '$ROOT/ed25519'] });
  await activate({ manifest });
  expect(await content()).toBe('by ssh');
  await describe({ ageSshKeyPaths: ['$ROOT/ecdsa', '$ROOT/gone'], sshKeyPaths: ['$ROOT/rsa'] });
  await expect(activate({ manifest })).rejects.toMatchObject({
    code: 'NO_IDENTITY',
    file: join(root, 'a.yaml'),
    message: expect.stringMatching(
      /\/ecdsa \(only an ssh-ed25519.*\/gone \(the key cannot be read.*sshKeyPaths are for PGP/,
    ),
  });
});

test('%r is the runtime directory of the user, and folders of links are made', async () => {
  const { root, manifest } = await world(
    { secretsMountPoint: '%r/secrets.d', symlinkPath: '$ROOT/config/sops/secrets/' },
    { path: '%r/100%%' },
  );
  withEnvironment('XDG_RUNTIME_DIR', '');
  await expect(activate({ manifest })).rejects.toThrow(/XDG_RUNTIME_DIR is not set/);
  withEnvironment('XDG_RUNTIME_DIR', join(root, 'user'));
  await activate({ manifest });
  expect(await readlink(join(root, 'config/sops/secrets'))).toBe(join(root, 'user/secrets.d/1'));
  expect(await readFile(join(root, 'user/100%'), 'utf8')).toBe('text');
});

test('a dry run of NixOS says what would be done, and touches nothing', async () => {
  const { root, manifest, write } = await world();
  await activate({ manifest });
  await write('a.yaml', 'one: new\n');
  withEnvironment('NIXOS_ACTION', 'dry-activate');
  expect(await activate({ manifest })).toMatchObject({ dry: true, generation: 2, changed: ['one'] });
  expect(await readlink(join(root, 'run'))).toBe(join(root, 'run.d/1'));
  expect(await readdir(join(root, 'run.d'))).toEqual(['1']);
});

test('a failure after the swap leaves the link as it was: none, or to another place', async () => {
  const { root, manifest, describe, content } = await world({}, { path: '$ROOT/taken' });
  await mkdir(join(root, 'taken'));
  await expect(activate({ manifest })).rejects.toThrow(/is a directory/);
  await expect(lstat(join(root, 'run'))).rejects.toMatchObject({ code: 'ENOENT' });
  await mkdir(join(root, 'other'));
  await writeFile(join(root, 'other/one'), 'old');
  await symlink(join(root, 'other'), join(root, 'run'));
  await expect(activate({ manifest })).rejects.toThrow(/is a directory/);
  expect(await content()).toBe('old');
  await describe({ secrets: [] });
  expect(await activate({ manifest })).toMatchObject({
    generation: 1,
    previous: undefined,
    removed: ['one'],
  });
});

test('JSON is as Go writes it, dates of YAML are text, and a file in the way of a link is replaced', async () => {
  const { root, manifest, write, content, describe } = await world();
  const value = { ﬀ: 1, '😀': 2, '<a>': '&\u2028"' };
  await write('b.json', JSON.stringify({ map: value }));
  const secret = (name: string, sopsFile: string, format: string, key: string, path: string) => ({
    name,
    sopsFile,
    format,
    key,
    path,
    mode: '0400',
  });
  await writeFile(join(root, 'in-the-way'), 'x');
  await describe({
    secrets: [
      secret('json', 'b.json', 'json', 'map', '$ROOT/run/json'),
      secret('date', 'a.yaml', 'yaml', 'date', '$ROOT/in-the-way'),
    ],
  });
  await activate({ manifest });
  expect(await content('json')).toBe('{"\\u003ca\\u003e":"\\u0026\\u2028\\"","ﬀ":1,"😀":2}');
  expect(await readFile(join(root, 'in-the-way'), 'utf8')).toBe('2025-01-02T00:00:00Z');
  expect(await readlink(join(root, 'in-the-way'))).toBe(join(root, 'run/date'));
});

test.each([
  ['04755', '755'],
  ['00640', '640'],
  ['4', '4'],
])('of the mode %s only the permissions count', async (given, seen) => {
  const { manifest, mode } = await world({}, { mode: given });
  await activate({ manifest });
  expect(await mode('run/one')).toBe(seen);
});

test('a template’s file is beside the manifest, and one without a source or with a missing file is refused', async () => {
  const template = { name: 'conf', path: '$ROOT/run/rendered/conf', mode: '0400' };
  const placeholders = { placeholderBySecretName: { one: '<ONE>' } };
  const { root, manifest, content, describe } = await world(placeholders);
  await writeFile(join(root, 'conf.in'), 'a <ONE> b');
  await describe({ templates: [{ ...template, file: 'conf.in' }] });
  await activate({ manifest });
  expect(await content('rendered/conf')).toBe('a text b');
  await describe({ templates: [{ ...template, file: 'gone.in' }] });
  await expect(activate({ manifest })).rejects.toThrow(
    /gone\.in: the file of the template conf cannot be read/,
  );
  await describe({ templates: [{ ...template, content: '', file: null }] });
  await expect(activate({ manifest })).rejects.toThrow(/neither content nor file/);
});

test.each([['../one'], ['a/../../one'], ['/one'], ['one/'], ['.'], ['']])(
  'a name that leads elsewhere is refused: %j',
  async (name) => {
    const { manifest } = await world({}, { name });
    await expect(activate({ manifest })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  },
);

test('two secrets of one name are refused', async () => {
  const { manifest, describe } = await world();
  const one = { name: 'one', key: 'one', path: '', sopsFile: 'a.yaml', mode: '0400' };
  await describe({ secrets: [one, one] });
  await expect(activate({ manifest })).rejects.toThrow(/one is there twice/);
});

test('keepGenerations 0 keeps all, and left out it keeps one', async () => {
  const { root, manifest, describe } = await world({ keepGenerations: 0 });
  for (let time = 0; time < 3; time++) await activate({ manifest });
  expect(await readdir(join(root, 'run.d'))).toEqual(['1', '2', '3']);
  await describe({ keepGenerations: null });
  await activate({ manifest });
  expect(await readdir(join(root, 'run.d'))).toEqual(['4']);
});
