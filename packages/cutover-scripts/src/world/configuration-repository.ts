import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProcessOutput } from 'zx/core';

import { gitIn } from './git.ts';

/** The repository with the new host's NixOS configuration, as seen from here: a working copy of what the forge has. */
export interface ConfigurationRepository {
  /** The working copy; only `edit` changes it. */
  readonly folder: string;
  readonly url: string;
  /** The branch that the host is declared on. */
  readonly branch: string;
  /** The commit that the forge has on the branch, or `undefined` while the repository is empty. */
  head(signal: AbortSignal): Promise<string | undefined>;
  /** Which of `files` (text by path) the forge's head lacks or has otherwise. */
  missing(files: ReadonlyMap<string, string>, signal: AbortSignal): Promise<string[]>;
  /** Brings the working copy to the forge's head, which is returned. */
  checkOut(signal: AbortSignal): Promise<string | undefined>;
  /**
   * Brings the working copy to the forge's head, lets `change` change it, commits that and pushes it.
   * `inspect` is called between commit and push; when it throws, nothing is pushed.
   */
  edit(
    message: string,
    change: (folder: string) => Promise<void>,
    signal: AbortSignal,
    inspect?: (folder: string) => Promise<void>,
  ): Promise<string>;
  /** Brings the working copy to the forge's head and returns the head's file, or `undefined`. */
  read(path: string, signal: AbortSignal): Promise<string | undefined>;
  /** All of the branch as a git bundle, to carry to a host that cannot reach the forge yet. */
  bundle(signal: AbortSignal): Promise<Uint8Array>;
}

const author = {
  GIT_AUTHOR_NAME: 'cutover',
  GIT_AUTHOR_EMAIL: 'cutover@localhost',
  GIT_COMMITTER_NAME: 'cutover',
  GIT_COMMITTER_EMAIL: 'cutover@localhost',
};

/** How often a change is made again when the forge got another commit meanwhile, e.g. by a push that outlived its runner. */
const attempts = 3;

export function configurationRepository(
  folder: string,
  url: string,
  gitEnvironment: Readonly<Record<string, string>>,
  branch = 'main',
): ConfigurationRepository {
  const git = gitIn(folder, { ...author, ...gitEnvironment });

  const fetchHead = async (signal: AbortSignal): Promise<string | undefined> => {
    // The remote is what comes last: a runner may have been killed before it.
    const config = join(folder, '.git/config');
    if (!existsSync(config) || !(await readFile(config, 'utf8')).includes('[remote "origin"]')) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await git(signal, 'init', '--quiet', `--initial-branch=${branch}`);
      await git(signal, 'remote', 'add', 'origin', url);
    }
    // No branch is no commit; no answer is an error of git's, and thrown.
    const [head = ''] = (await git(signal, 'ls-remote', 'origin', `refs/heads/${branch}`)).split('\t');
    if (head === '') return undefined;
    const fetched = async (): Promise<string> =>
      (await git(signal, 'for-each-ref', '--format=%(objectname)', `refs/remotes/origin/${branch}`)).trim();
    if ((await fetched()) !== head)
      await git(signal, 'fetch', '--quiet', 'origin', `+refs/heads/${branch}:refs/remotes/origin/${branch}`);
    return fetched();
  };

  const checkOut = async (signal: AbortSignal): Promise<string | undefined> => {
    const head = await fetchHead(signal);
    if (head !== undefined) await git(signal, 'reset', '--quiet', '--hard', head);
    await git(signal, 'clean', '--quiet', '-fdx');
    return head;
  };

  return {
    folder,
    url,
    branch,
    head: fetchHead,
    checkOut,
    async missing(files, signal) {
      const head = await fetchHead(signal);
      if (head === undefined) return [...files.keys()];
      const listing = await git(signal, 'ls-tree', '-rz', '--full-tree', head);
      const blobs = new Map(
        listing.split('\0').map((entry) => {
          const [facts = '', path = ''] = entry.split('\t');
          return [path, facts.split(' ')[2]];
        }),
      );
      return [...files].filter(([path, text]) => blobs.get(path) !== blobHash(text)).map(([path]) => path);
    },
    async edit(message, change, signal, inspect) {
      for (let left = attempts; ; left -= 1) {
        await checkOut(signal);
        await change(folder);
        await git(signal, 'add', '--all');
        const changed = (await git(signal, 'status', '--porcelain')) !== '';
        if (changed) await git(signal, 'commit', '--quiet', '-m', message);
        await inspect?.(folder);
        try {
          await git(signal, 'push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
        } catch (error) {
          if (left > 1 && error instanceof ProcessOutput && error.stderr.includes('[rejected]')) continue;
          throw error;
        }
        return (await git(signal, 'rev-parse', 'HEAD')).trim();
      }
    },
    async read(path, signal) {
      await checkOut(signal);
      return existsSync(join(folder, path)) ? await readFile(join(folder, path), 'utf8') : undefined;
    },
    async bundle(signal) {
      await checkOut(signal);
      const file = `${folder}.bundle`;
      await git(signal, 'bundle', 'create', '--quiet', file, branch);
      try {
        return await readFile(file);
      } finally {
        await rm(file, { force: true });
      }
    },
  };
}

/** Writes `files` (text by path) below `folder`. */
export async function writeFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** Removes `paths` below `folder`, those that are there. */
export async function removeFiles(folder: string, paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map((path) => rm(join(folder, path), { force: true })));
}

/** The name git gives to a file's content. */
function blobHash(text: string): string {
  const bytes = Buffer.from(text);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
