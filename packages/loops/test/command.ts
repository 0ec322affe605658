import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localHost } from '@cutover/host';

let built: Promise<string> | undefined;

/** The whole `loops` command in one file, built from the sources once per test file. */
export async function buildCommand(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'loops-command-'));
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const options = [
    '--format',
    'esm',
    '--target',
    'node20',
    '--no-config',
    '--silent',
    '--no-splitting',
    '--shims',
    '--external',
    'ssh2',
  ];
  const host = localHost();
  await host.run(['npx', 'tsup', 'src/cli.ts', ...options, '--out-dir', directory, '--no-clean'], { cwd });
  return join(directory, 'cli.js');
}
