import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import type { TestProject } from 'vitest/node';
import config from '../rolldown.config.ts';
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
  project.provide('secretsCommand', join(directory, 'command', 'cli.cjs'));
  project.provide('repository', join(directory, 'repository'));
  return () => rm(directory, { recursive: true, force: true });
}

/** Builds the command as it is published, from the sources of all packages. */
async function buildCommand(dir: string): Promise<void> {
  const { output, ...options } = config;
  await build({
    ...options,
    logLevel: 'silent',
    input: { cli: fileURLToPath(new URL('../src/cli.ts', import.meta.url)) },
    resolve: { conditionNames: ['source', 'module', 'import', 'node'] },
    moduleTypes: { '.sh': 'text' },
    output: { ...output, dir },
  });
}
