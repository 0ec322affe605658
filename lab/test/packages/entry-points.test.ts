import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

/** What `import` may name: each JavaScript file that a published package exports, but for programs (they begin with `#!`). */
async function entryPoints(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of await readdir(join(root, 'packages'))) {
    const path = join(root, 'packages', folder);
    // What another branch left behind, and git ignores.
    if (!existsSync(join(path, 'package.json'))) continue;
    const manifest: Manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
    if (manifest.private === true) continue;
    for (const [name, target] of Object.entries(manifest.exports)) {
      const file = typeof target === 'string' ? target : target.default;
      if (!/\.[cm]?js$/.test(file)) continue;
      if ((await readFile(join(path, file), 'utf8')).startsWith('#!')) continue;
      found.push(join(manifest.name, name));
    }
  }
  return found;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-entry-points-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A user's own script, named as a phase is named, which imports a package and says what that left open: a timer, a child. */
const script = `await import(process.argv[2]);
// Standard streams are opened when they are first looked at, and the module loader closes its files later.
const own = /^(?:PipeWrap|TTYWrap|CloseReq|FSReq)/;
const open = process.getActiveResourcesInfo().filter((resource) => !own.test(resource));
console.log(open.length === 0 ? 'imported' : \`left open: \${open.join()}\`);
`;

it.each(await entryPoints())('importing %s prints nothing and starts nothing', async (name) => {
  for (const file of ['a-provision.mjs', 'cli.mjs']) {
    await writeFile(join(folder, file), script);
    // The arguments of a cutover are there, in case anything looks for them.
    const child = run(process.execPath, [join(folder, file), name, 'run', '--yes'], {
      cwd: folder,
      timeout: 60_000,
    });
    expect(await child).toEqual({ stdout: 'imported\n', stderr: '' });
    expect((await readdir(folder)).filter((entry) => !/\.mjs$|^node_modules$/.test(entry))).toEqual([]);
  }
});

it('covers every package', async () => {
  const names = await entryPoints();
  for (const name of [
    'host',
    'incus-client',
    'secrets',
    'nix-deploy',
    'loops',
    'runbook',
    'cutover-scripts',
  ]) {
    expect(names).toContain(`@cutover/${name}`);
  }
});
