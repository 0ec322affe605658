import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkout } from '../folders.ts';

const run = promisify(execFile);

/** What to say where there is none. */
export const noGitea = 'no Gitea is built here; `lab/images/gitea/build` builds one (some ten minutes, once)';

/** The folder of the Gitea that `lab/images/gitea/build` has built; `undefined`: none is there, and nothing is built here. */
export async function builtGitea(): Promise<string | undefined> {
  try {
    const { stdout } = await run(join(checkout(), 'lab', 'images', 'gitea', 'build'), ['--path']);
    return stdout.trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 3) return undefined;
    throw error;
  }
}
