import { resolve } from 'node:path';

/** Whether a flake reference is a path relative to a folder of this machine: `.`, `./machines`, `../x?dir=y`. */
export function isLocalFlake(flake: string): boolean {
  return /^\.{1,2}(\/|\?|$)/.test(flake);
}

/** The same flake with its absolute path; any other reference as it is. */
export function absoluteFlake(flake: string, folder: string): string {
  if (!isLocalFlake(flake)) return flake;
  const query = flake.indexOf('?');
  const path = query === -1 ? flake : flake.slice(0, query);
  return `${resolve(folder, path)}${query === -1 ? '' : flake.slice(query)}`;
}
