import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { commit, git } from './git.ts';

/** A bare remote and clones of it in a directory of their own. */
export interface GitFixture extends AsyncDisposable {
  readonly directory: string;
  readonly remote: string;
  /** A clone with one pushed commit on `main`. */
  clone(name: string): Promise<string>;
  git(path: string, ...args: string[]): Promise<string>;
  /** Commits a file of that name. @returns the commit. */
  commit(path: string, file: string): Promise<string>;
}

export async function makeGitFixture(): Promise<GitFixture> {
  const from = inject('gitTemplate');
  const directory = await mkdtemp(join(tmpdir(), 'loops-git-'));
  const remote = join(directory, 'remote.git');
  await cp(join(from, 'remote.git'), remote, { recursive: true });
  return {
    directory,
    remote,
    git,
    commit,
    clone: async (name) => {
      const path = join(directory, name);
      await cp(join(from, 'clone'), path, { recursive: true, preserveTimestamps: true });
      return path;
    },
    [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}
