// Programs that npm has, kept in a cache between runs and checkouts.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where what is fetched, and what was found good, is kept. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cutover');

/**
 * The path of `file` in a folder where one package is installed, without its scripts.
 *
 * @param folder - its name in the cache.
 * @param overrides - versions of what it depends on, as package.json has them.
 */
export function toolOf({ folder, name, version, file, overrides = {} }) {
  const place = join(cache, 'tools', folder);
  const path = join(place, 'node_modules', name, file);
  if (existsSync(path)) return path;
  const part = `${place}.part.${process.pid}`;
  mkdirSync(part, { recursive: true });
  writeFileSync(join(part, 'package.json'), JSON.stringify({ private: true, overrides }));
  try {
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock'];
    execFileSync('npm', ['install', '--prefix', part, ...options, `${name}@${version}`], {
      stdio: 'pipe',
      timeout: 10 * 60_000,
    });
    if (!existsSync(path)) {
      rmSync(place, { recursive: true, force: true });
      mkdirSync(dirname(place), { recursive: true });
      renameSync(part, place);
    }
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return path;
}
