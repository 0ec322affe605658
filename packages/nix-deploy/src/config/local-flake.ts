import { resolve } from 'node:path';

/** Whether a flake reference is a path relative to a folder of this machine: `.`, `./machines`, `../x?dir=y`, `.#web`. */
export function isLocalFlake(flake: string): boolean {
  return /^\.{1,2}([/?#]|$)/.test(flake);
}

/** The same flake with its absolute path; any other reference as it is. */
export function absoluteFlake(flake: string, folder: string): string {
  if (!isLocalFlake(flake)) return flake;
  const end = flake.search(/[?#]/);
  const path = end === -1 ? flake : flake.slice(0, end);
  return `${resolve(folder, path)}${end === -1 ? '' : flake.slice(end)}`;
}
