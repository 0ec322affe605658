import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { afterAll } from 'vitest';

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

const host = localHost();
const env = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
};

async function git(path: string, ...args: string[]): Promise<string> {
  const result = await host.run(['git', '-C', path, '-c', 'protocol.file.allow=always', ...args], { env });
  return result.stdout.trim();
}

async function commit(path: string, file: string): Promise<string> {
  await writeFile(join(path, file), `${file}\n`);
  await git(path, 'add', '--', file);
  await git(path, 'commit', '-q', '-m', file);
  return git(path, 'rev-parse', 'HEAD');
}

/** A remote and a clone that each fixture gets a copy of: a copy costs a fraction of what git would take. */
let template: Promise<string> | undefined;

afterAll(async () => {
  if (template !== undefined) await rm(await template, { recursive: true, force: true });
});

async function makeTemplate(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'loops-git-template-'));
  await git(directory, 'init', '-q', '--bare', '-b', 'main', 'remote.git');
  await git(directory, 'clone', '-q', 'remote.git', 'clone');
  const path = join(directory, 'clone');
  await commit(path, 'first');
  await git(path, 'push', '-q', '-u', 'origin', 'HEAD:main');
  await git(path, 'config', 'remote.origin.url', '../remote.git');
  return directory;
}

export async function makeGitFixture(): Promise<GitFixture> {
  const from = await (template ??= makeTemplate());
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
