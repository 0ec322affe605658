import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localHost } from '@cutover/host';

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
  const directory = await mkdtemp(join(tmpdir(), 'loops-git-'));
  const remote = join(directory, 'remote.git');
  const host = localHost();
  const env = {
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b',
  };
  const git = async (path: string, ...args: string[]): Promise<string> =>
    (await host.run(['git', '-C', path, '-c', 'protocol.file.allow=always', ...args], { env })).stdout.trim();
  const commit = async (path: string, file: string): Promise<string> => {
    await writeFile(join(path, file), `${file}\n`);
    await git(path, 'add', '--', file);
    await git(path, 'commit', '-q', '-m', file);
    return git(path, 'rev-parse', 'HEAD');
  };
  await git(directory, 'init', '-q', '--bare', '-b', 'main', remote);
  let first = true;
  return {
    directory,
    remote,
    git,
    commit,
    clone: async (name) => {
      const path = join(directory, name);
      await git(directory, 'clone', '-q', remote, path);
      if (first) {
        await commit(path, 'first');
        await git(path, 'push', '-q', '-u', 'origin', 'HEAD:main');
      }
      first = false;
      return path;
    },
    [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}
