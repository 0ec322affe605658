import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('the tarball of @cutover/runbook', () => {
  let folder: string;
  let unpacked: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cutover-runbook-alone-'));
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
      cwd: join(root, 'packages/runbook'),
    });
    const [tarball = ''] = await readdir(folder);
    await run('tar', ['-xzf', join(folder, tarball), '-C', folder]);
    unpacked = join(folder, 'package');
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('declares what it needs, and none of the rig’s packages', async () => {
    const manifest: Manifest = (await import(join(unpacked, 'package.json'), { with: { type: 'json' } }))
      .default;
    const { dependencies, peerDependencies, optionalDependencies } = manifest;
    expect(Object.keys(dependencies ?? {}).sort()).toEqual(['@clack/prompts', 'commander']);
    expect({ ...peerDependencies, ...optionalDependencies }).toEqual({});
  });

  it('carries a license, its types and its README', async () => {
    const files = await readdir(unpacked);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'src']));
    const types = await run('grep', ['-rl', '@cutover/', join(unpacked, 'dist'), '--include=*.d.ts']).catch(
      (error: { code: number; stdout: string }) => error,
    );
    expect(types.stdout).toBe('');
  });

  it('works where nothing but those two is installed', async () => {
    const modules = join(folder, 'node_modules');
    await run('mkdir', ['-p', join(modules, '@cutover'), join(modules, '@clack')]);
    await run('mv', [unpacked, join(modules, '@cutover/runbook')]);
    for (const name of ['@clack/prompts', 'commander']) {
      const own = join(root, 'packages/runbook/node_modules', name);
      await symlink(existsSync(own) ? own : join(root, 'node_modules', name), join(modules, name));
    }
    await writeFile(
      join(folder, 'empty.mjs'),
      `import { runbookCommand } from '@cutover/runbook';
const load = async () => ({ name: 'nothing', phases: [], world: undefined, steps: [] });
process.exit(await runbookCommand({ name: 'empty', description: 'Do nothing.', load }));
`,
    );
    const { stdout } = await run(process.execPath, [join(folder, 'empty.mjs'), 'run', '--yes'], {
      cwd: folder,
    });
    expect(stdout).toContain('done in');
  });
});
