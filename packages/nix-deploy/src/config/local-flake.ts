import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Whether a flake reference is a path relative to a folder of this machine, or to the user's own: `.`, `./machines`,
 * `../x?dir=y`, `.#web`, `path:.`, `~/machines`.
 */
export function isLocalFlake(flake: string): boolean {
  return /^(path:)?(\.{1,2}([/?#]|$)|~\/)/.test(flake);
}

/** The same flake with its absolute path; any other reference as it is. */
export function absoluteFlake(flake: string, folder: string): string {
  if (!isLocalFlake(flake)) return flake;
  const [, scheme = '', path = '', rest = ''] = /^(path:)?([^?#]*)(.*)$/s.exec(flake) ?? [];
  const absolute = path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(folder, path);
  return `${scheme}${absolute}${rest}`;
}
