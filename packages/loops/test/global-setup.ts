import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { commit, git } from './git.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder with a bare remote and a clone that each fixture gets a copy of: a copy costs a fraction of what git would take. */
    readonly gitTemplate: string;
  }
}

/** Makes the template of repositories once for all test files. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'loops-git-template-'));
  await git(directory, 'init', '-q', '--bare', '-b', 'main', 'remote.git');
  await git(directory, 'clone', '-q', 'remote.git', 'clone');
  const path = join(directory, 'clone');
  await commit(path, 'first');
  await git(path, 'push', '-q', '-u', 'origin', 'HEAD:main');
  await git(path, 'config', 'remote.origin.url', '../remote.git');
  project.provide('gitTemplate', directory);
  return async () => rm(directory, { recursive: true, force: true });
}
