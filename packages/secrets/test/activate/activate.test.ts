import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, readFile, readdir, readlink, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { activate } from '../../src/activate.ts';
import { encryptFile } from '../../src/sops.ts';
import { generateKeyPair, identityFile } from '../../src/age.ts';
import { soak } from '../soak.ts';
import { temporaryDirectory } from '../temporary.ts';

const asRoot = process.getuid?.() === 0;

interface Fixture {
  readonly root: string;
  readonly manifest: string;
  write(changes?: Record<string, unknown>): Promise<void>;
}

async function fixture(): Promise<Fixture> {
  const root = await temporaryDirectory();
  await chmod(root, 0o755);
  const keys = generateKeyPair();
  await writeFile(join(root, 'key.txt'), identityFile(keys));
  const recipients = [keys.recipient];
  const files: [string, string][] = [
    ['a.yaml', 'top: one\nmap:\n    k: two\n'],
    ['b.json', '{"n": {"k": "three"}, "num": {"b": 1, "a": [true]}}'],
    ['c.env', 'A=1\nB=2\n'],
    ['d.ini', '[s]\nk = v\n'],
    ['e.bin', '\0\u0001four'],
  ];
  for (const [file, text] of files)
    await writeFile(join(root, file), await encryptFile(text, { file, recipients }));
  const secret = (
    name: string,
    file: string,
    format: string,
    key = '',
    more = {},
  ): Record<string, unknown> => ({
    name,
    key,
    sopsFile: join(root, file),
    format,
    mode: '0400',
    path: join(root, 'run', name),
    owner: null,
    uid: 0,
    group: null,
    gid: 0,
    restartUnits: [],
    reloadUnits: [],
    ...more,
  });
  const manifest = join(root, 'manifest.json');
  return {
    root,
    manifest,
    write: (changes = {}) =>
      writeFile(
        manifest,
        JSON.stringify({
          secrets: [
            secret('top', 'a.yaml', 'yaml', 'top', { mode: '0640' }),
            secret('nested', 'a.yaml', 'yaml', 'map/k', { path: join(root, 'custom', 'deep', 'link') }),
            secret('dir/in/side', 'b.json', 'json', 'n/k', { mode: '0777' }),
            secret('object', 'b.json', 'json', 'num'),
            secret('whole.yaml', 'a.yaml', 'yaml'),
            secret('env', 'c.env', 'dotenv', 'ignored'),
            secret('ini', 'd.ini', 'ini'),
            secret('bin', 'e.bin', 'binary'),
          ],
          templates: [
            {
              name: 'conf',
              content: 'token=<A>;<B>\n',
              file: '',
              path: join(root, 'custom', 'conf'),
              mode: '0440',
              owner: null,
              uid: 0,
              group: null,
              gid: 0,
              restartUnits: [],
              reloadUnits: [],
            },
          ],
          placeholderBySecretName: { top: '<A>', bin: '<B>' },
          secretsMountPoint: join(root, 'run.d'),
          symlinkPath: join(root, 'run'),
          keepGenerations: 2,
          sshKeyPaths: [],
          gnupgHome: '',
          ageKeyFile: join(root, 'key.txt'),
          ageSshKeyPaths: [],
          useTmpfs: false,
          userMode: true,
          logging: { keyImport: false, secretChanges: false },
          ...changes,
        }),
      ),
  };
}

/** Every file, link and directory below a path, with owner, mode and content. */
async function inventory(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const item of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(item.parentPath, item.name);
    const { mode, uid, gid } = await lstat(path);
    const content = item.isSymbolicLink()
      ? `-> ${await readlink(path)}`
      : item.isFile()
        ? (await readFile(path)).toString('base64')
        : 'directory';
    found[path.slice(directory.length)] = `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${content}`;
  }
  return found;
}

test('contents, modes, links and templates are as the manifest says, under any umask', async () => {
  const { root, manifest, write } = await fixture();
  await write();
  const before = process.umask(0o777);
  try {
    await activate({ manifest });
  } finally {
    process.umask(before);
  }
  const read = (name: string): Promise<string> => readFile(join(root, 'run', name), 'latin1');
  expect(await read('top')).toBe('one');
  expect(await read('nested')).toBe('two');
  expect(await read('dir/in/side')).toBe('three');
  expect(await read('object')).toBe('{"a":[true],"b":1}');
  expect(await read('whole.yaml')).toBe('top: one\nmap:\n    k: two\n');
  expect(await read('env')).toBe('A=1\nB=2\n');
  expect(await read('bin')).toBe('\0\u0001four');
  expect(await read('rendered/conf')).toBe('token=one;\0\u0001four\n');
  expect(await readlink(join(root, 'custom/deep/link'))).toBe(join(root, 'run/nested'));
  const mode = async (path: string): Promise<string> =>
    ((await stat(join(root, path))).mode & 0o7777).toString(8);
  expect([
    await mode('run/top'),
    await mode('run/dir/in/side'),
    await mode('run/dir'),
    await mode('run.d/1'),
    await mode('run/rendered/conf'),
  ]).toEqual(['640', '777', '751', '751', '440']);
});

test('a second activation makes a generation, swaps one link, prunes, and says what changed', async () => {
  const { root, manifest, write } = await fixture();
  await write();
  expect(await activate({ manifest })).toMatchObject({ generation: 1, previous: undefined });
  expect(await activate({ manifest })).toMatchObject({
    generation: 2,
    previous: 1,
    added: [],
    changed: [],
    removed: [],
  });
  const report = await activate({ manifest });
  expect(report.generation).toBe(3);
  expect((await readdir(join(root, 'run.d'))).sort()).toEqual(['2', '3']);
  expect(await readlink(join(root, 'run'))).toBe(join(root, 'run.d/3'));
});

test.each([
  ['a key that is gone', { ageKeyFile: '/nonexistent/key.txt' }, 'NO_IDENTITY'],
  [
    'a secret that is not in its file',
    {
      secrets: [
        { name: 'x', key: 'nope', path: '/tmp/x', sopsFile: '$ROOT/a.yaml', format: 'yaml', mode: '0400' },
      ],
    },
    'KEY_NOT_FOUND',
  ],
  [
    'a value that is not text',
    {
      secrets: [
        { name: 'x', key: 'map', path: '/tmp/x', sopsFile: '$ROOT/a.yaml', format: 'yaml', mode: '0400' },
      ],
    },
    'KEY_NOT_FOUND',
  ],
  [
    'a file that is gone',
    {
      secrets: [
        { name: 'x', key: '', path: '/tmp/x', sopsFile: '$ROOT/none.yaml', format: 'yaml', mode: '0400' },
      ],
    },
    'FILE_UNREADABLE',
  ],
  [
    'an owner who does not exist',
    {
      userMode: false,
      secrets: [
        {
          name: 'x',
          key: '',
          path: '/tmp/x',
          sopsFile: '$ROOT/a.yaml',
          format: 'yaml',
          mode: '0400',
          owner: 'nobody-at-all',
        },
      ],
    },
    'ACTIVATION_FAILED',
  ],
  ['PGP', { gnupgHome: '/root/.gnupg' }, 'UNSUPPORTED'],
])('with %s nothing is touched', async (_what, changes, code) => {
  const { root, manifest, write } = await fixture();
  await write();
  await activate({ manifest });
  const before = await inventory(root);
  const broken = join(root, 'broken.json');
  await write(JSON.parse(JSON.stringify(changes).replaceAll('$ROOT', root)));
  await writeFile(broken, await readFile(manifest));
  await write();
  await expect(activate({ manifest: broken })).rejects.toMatchObject({ code });
  const after = await inventory(root);
  delete after['/broken.json'];
  expect(after).toEqual(before);
});

test('what is in the way of a custom link is said before anything is changed, and what fails after the swap undoes it', async () => {
  const { root, manifest, write } = await fixture();
  await write();
  await activate({ manifest });
  await mkdir(join(root, 'taken'));
  for (const name of ['file', 'other']) await writeFile(join(root, name), name);
  const withLinks = (...links: string[]): Promise<void> => {
    const secret = (link: string, index: number): object => ({
      name: `new-${index}`,
      key: 'top',
      path: resolve(root, link),
      sopsFile: join(root, 'a.yaml'),
      format: 'yaml',
      mode: '0400',
    });
    return write({ secrets: links.map(secret), templates: [], placeholderBySecretName: {} });
  };
  await withLinks('other', 'taken');
  await expect(activate({ manifest })).rejects.toThrow(/taken is a directory; move it away/);
  expect(await readFile(join(root, 'other'), 'utf8')).toBe('other');
  await withLinks('/proc/none/link');
  await expect(activate({ manifest })).rejects.toThrow(
    'generation 2 could not be made; the one before is kept',
  );
  expect(await readlink(join(root, 'run'))).toBe(join(root, 'run.d/1'));
  expect(await readdir(join(root, 'run.d'))).toEqual(['1']);
});

test('a secret may have the name that a directory of secrets had, and the other way', async () => {
  const { root, manifest, write } = await fixture();
  const secret = (name: string): object => ({
    name,
    key: 'top',
    sopsFile: join(root, 'a.yaml'),
    format: 'yaml',
    mode: '0400',
  });
  for (const [name, removed] of [
    ['top/in', []],
    ['top', ['top/in']],
    ['top/in', ['top']],
  ] as const) {
    await write({ secrets: [secret(name)], templates: [], placeholderBySecretName: {} });
    expect(await activate({ manifest })).toMatchObject({ added: [name], removed });
  }
});

test('killed at any moment, what is at the link is a whole generation, and the next run mends the rest', async () => {
  const { root, manifest, write } = await fixture();
  await write();
  await activate({ manifest });
  const whole = Object.keys(await inventory(join(root, 'run.d', '1'))).sort();
  for (let round = 0; round < soak(6, 2); round++) {
    const child = spawn(process.execPath, ['-e', killer(root, round)], {
      stdio: 'ignore',
    });
    await once(child, 'exit');
    await activate({ manifest });
    const target = await readlink(join(root, 'run'));
    expect(Object.keys(await inventory(target)).sort()).toEqual(whole);
  }
});

/** Leaves behind what an activation killed after `round` files would: a part of the next generation. */
function killer(root: string, round: number): string {
  return `const fs = require('node:fs'); const run = fs.readlinkSync('${root}/run'); const next = '${root}/run.d/' + (Number(run.split('/').pop()) + 1); fs.mkdirSync(next); for (let i = 0; i < ${round}; i++) fs.writeFileSync(next + '/part' + i, 'x'); process.kill(process.pid, 'SIGKILL');`;
}

const installer = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'cutover/tools/sops-install-secrets/sops-install-secrets',
);
test.skipIf(!existsSync(installer) || !asRoot)(
  'the result equals that of sops-install-secrets, file by file',
  async () => {
    const [ours, theirs] = [await fixture(), await fixture()];
    await ours.write({ userMode: false });
    await activate({ manifest: ours.manifest });
    await theirs.write({ userMode: false });
    execFileSync(installer, [theirs.manifest]);
    try {
      const strip = async ({ root }: Fixture): Promise<Record<string, string>> => {
        const found = await inventory(join(root, 'run.d'));
        delete found['/age-keys.txt'];
        return { ...found, ...(await inventory(join(root, 'custom'))) };
      };
      const normal = (value: unknown, root: string): string => JSON.stringify(value).replaceAll(root, '');
      expect(normal(await strip(ours), ours.root)).toBe(normal(await strip(theirs), theirs.root));
    } finally {
      for (const { root } of [ours, theirs]) execFileSync('umount', [join(root, 'run.d')]);
    }
  },
);
