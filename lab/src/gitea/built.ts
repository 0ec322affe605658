import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { checkout } from '../folders.ts';

/** What to say where there is none. */
export const noGitea = 'no Gitea is built here; `lab/images/gitea/build` builds one (some ten minutes, once)';

/** The folder of the Gitea that `lab/images/gitea/build` has built; `undefined`: none is there, and nothing is built here. */
export async function builtGitea(): Promise<string | undefined> {
  await using machine = localHost();
  const { stdout } = await machine.run([join(checkout(), 'lab', 'images', 'gitea', 'build'), '--path']);
  const folder = stdout.trim();
  return existsSync(join(folder, 'gitea')) ? folder : undefined;
}
