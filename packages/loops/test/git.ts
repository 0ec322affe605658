import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';

const host = localHost();
const env = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
};

/** Runs git in a folder. @returns what it printed. */
export async function git(path: string, ...args: string[]): Promise<string> {
  const result = await host.run(['git', '-C', path, '-c', 'protocol.file.allow=always', ...args], { env });
  return result.stdout.trim();
}

/** Commits a file of that name. @returns the commit. */
export async function commit(path: string, file: string): Promise<string> {
  await writeFile(join(path, file), `${file}\n`);
  await git(path, 'add', '--', file);
  await git(path, 'commit', '-q', '-m', file);
  return git(path, 'rev-parse', 'HEAD');
}
