// The releases of Node that the packages are run on, as the plain tarballs that npm has of them.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The oldest that `engines` names, and a release of each later line. */
export const nodeVersions = ['20.18.1', '22.23.5', '24.22.3'];

/** Where what is fetched, and what was found good, is kept between runs and checkouts. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cutover');

/** The path of a release's `node`, fetched once. */
export function nodeOf(version) {
  const folder = join(cache, 'tools', `node-v${version}`);
  const name = `node-linux-${process.arch}`;
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(node)) return node;
  const part = `${folder}.part.${process.pid}`;
  mkdirSync(part, { recursive: true });
  try {
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock'];
    execFileSync('npm', ['install', '--prefix', part, ...options, `${name}@${version}`], {
      stdio: 'pipe',
      timeout: 10 * 60_000,
    });
    if (!existsSync(node)) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(dirname(folder), { recursive: true });
      renameSync(part, folder);
    }
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return node;
}
