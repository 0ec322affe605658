import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import type { TestProject } from 'vitest/node';
import { makeFirstRepository } from './git.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the command `secrets`, built from the sources. */
    readonly secretsCommand: string;
    /** A repository with one commit, to be copied. */
    readonly repository: string;
  }
}

/** Makes what all test files share. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Below this package, so that what is not bundled is found.
  const cache = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url));
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, 'secrets-tests-'));
  await buildCommand(join(directory, 'command'));
  makeFirstRepository(join(directory, 'repository'));
  project.provide('secretsCommand', join(directory, 'command', 'secrets.mjs'));
  project.provide('repository', join(directory, 'repository'));
  return () => rm(directory, { recursive: true, force: true });
}

/**
 * Builds the command with everything in it: tests start it dozens of times, and to load its dependencies from
 * `node_modules` takes longer.
 */
async function buildCommand(outDir: string): Promise<void> {
  await build({
    config: false,
    silent: true,
    entry: { secrets: fileURLToPath(new URL('../src/cli.ts', import.meta.url)) },
    outDir,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    minify: true,
    loader: { '.sh': 'text' },
    // It has parts in C that cannot be bundled.
    external: ['ssh2'],
    noExternal: [/^(?!ssh2$)/],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    esbuildOptions: (options) => {
      options.conditions = ['source', 'module', 'import'];
    },
    outExtension: () => ({ js: '.mjs' }),
  });
}
