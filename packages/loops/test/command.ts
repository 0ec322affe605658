import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { localHost } from '@cutover/host';

/** The whole `loops` command in one file, built from the sources; gone when it is disposed. */
export async function buildCommand(): Promise<{ readonly path: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'loops-command-'));
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  await using host = localHost();
  await host.run(['npx', 'tsup', '--config', 'test/bundle/tsup.config.ts', '--out-dir', directory], { cwd });
  return {
    path: join(directory, 'loops.cjs'),
    [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true }),
  };
}
