import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'tsup';
import { startSshd } from '@cutover/test-support/sshd';
import { expect, it } from 'vitest';

import { localHost, sshHost } from '../../src/index.ts';
import { on } from '../../src/zx.ts';

/** A host whose /mnt is its own. */
const ownFolder = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /mnt && exec "$@"', 'sh'];
const folder = "/mnt/it's a folder";

it.runIf(process.getuid?.() === 0)('the example moves a folder between hosts', async () => {
  await using from = await startSshd({ within: ownFolder });
  await using to = await startSshd({ within: ownFolder });
  await using local = localHost();
  await using oldHost = sshHost(from.options);
  await using newHost = sshHost(to.options);
  const home = await mkdtemp(join(tmpdir(), 'cutover-example-'));
  try {
    await mkdir(join(home, '.ssh'));
    await copyFile(join(from.directory, 'user'), join(home, '.ssh/id_ed25519'));
    await appendFile(join(to.directory, 'authorized_keys'), await readFile(join(from.directory, 'user.pub')));
    const known = [from, to].map(({ options, hostKey }) => `[127.0.0.1]:${options.port} ${hostKey}\n`);
    await writeFile(join(home, '.ssh/known_hosts'), known);
    const pi = on(oldHost);
    await pi`mkdir ${folder} && cd ${folder} && echo content > ${'a $file'} && chmod 4711 ${'a $file'}`;

    const destination = ({ options }: typeof from): string =>
      `${userInfo().username}@127.0.0.1:${options.port}`;
    const argv = [
      process.execPath,
      await compiled('move-folder'),
      folder,
      destination(from),
      destination(to),
    ];
    const { stdout } = await local.run(argv, { env: { HOME: home } });
    expect(stdout).toBe(`${folder} is on ${destination(to)}: 1 files\n`);
    expect((await on(newHost)`cd ${folder} && stat --format '%a %n' *`).stdout).toBe('4711 a $file\n');
    expect((await pi`ls /mnt`).stdout).toBe("it's a folder.moved\n");
    // Run once more it finds nothing to move, and changes nothing.
    expect(await local.run(argv, { env: { HOME: home }, reject: false })).toMatchObject({ exitCode: 1 });
    expect((await on(newHost)`ls ${folder}`).stdout).toBe('a $file\n');
  } finally {
    await rm(home, { recursive: true });
  }
});

async function compiled(name: string): Promise<string> {
  const outDir = fileURLToPath(new URL('../../node_modules/.cache/examples', import.meta.url));
  await build({
    entry: [fileURLToPath(new URL(`../../../../examples/${name}.ts`, import.meta.url))],
    outDir,
    format: 'esm',
    target: 'node20',
    config: false,
    silent: true,
    external: ['execa', 'ssh2', 'socks', /^zx/],
    noExternal: [/^@cutover\//],
    loader: { '.sh': 'text' },
    esbuildOptions: (options) => {
      options.conditions = ['source'];
    },
    outExtension: () => ({ js: '.mjs' }),
  });
  return join(outDir, `${name}.mjs`);
}
