import { isErrno } from '@cutover/foundation/errno';
import { lstat, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SecretsError } from '../errors.ts';
import { checkFolder } from './folder.ts';
import { swapSymlink } from './generation.ts';
import type { Manifest, ManifestSecret, ManifestTemplate } from './manifest.ts';

/** `/run/secrets` must be ours to swap: a symlink, or nothing. */
export async function checkSymlinkPath(path: string): Promise<void> {
  const found = await lstat(path).catch(missing);
  if (found !== undefined && !found.isSymbolicLink()) {
    throw new SecretsError(
      'ACTIVATION_FAILED',
      `${path} is not a symlink; move it away, then activate again`,
    );
  }
}

/** Where the links of a manifest are to be, and what they name. */
function linksOf(
  manifest: Manifest,
): { readonly item: ManifestSecret | ManifestTemplate; readonly target: string }[] {
  return [
    ...manifest.secrets.map((item) => ({ item, target: join(manifest.symlinkPath, item.name) })),
    ...manifest.templates.map((item) => ({
      item,
      target: join(manifest.symlinkPath, 'rendered', item.name),
    })),
  ].filter(({ item, target }) => item.path !== target && item.path !== '');
}

/**
 * A directory in the way of a link is not replaced, as a file is, and a link is made only in folders that no other user can
 * turn elsewhere: that is said before anything is changed.
 */
export async function checkCustomPaths(
  manifest: Manifest,
  ownerOf: (item: ManifestSecret | ManifestTemplate) => Promise<{ uid: number; gid: number } | undefined>,
): Promise<void> {
  await checkFolder(dirname(manifest.symlinkPath));
  for (const { item } of linksOf(manifest)) {
    await checkFolder(dirname(item.path), { owner: (await ownerOf(item))?.uid });
    if ((await lstat(item.path).catch(missing))?.isDirectory() !== true) continue;
    throw new SecretsError(
      'ACTIVATION_FAILED',
      `${item.path} is a directory; move it away, then activate again`,
    );
  }
}

/**
 * Links each secret with a path of its own; a link that is right is left alone.
 *
 * @param ownerOf - whose the link is to be; left as it is made without one.
 */
export async function linkCustomPaths(
  manifest: Manifest,
  ownerOf: (item: ManifestSecret | ManifestTemplate) => Promise<{ uid: number; gid: number } | undefined>,
): Promise<void> {
  for (const { item, target } of linksOf(manifest)) {
    const owner = await ownerOf(item);
    const found = await lstat(item.path).catch(missing);
    const fits = owner === undefined || (found?.uid === owner.uid && found.gid === owner.gid);
    if (fits && (await readlink(item.path).catch(missing)) === target) continue;
    await swapSymlink(item.path, target, owner);
  }
}

/** For what is not there, or is no link. */
export function missing(error: unknown): undefined {
  if (isErrno(error, 'ENOENT', 'EINVAL', 'ENOTDIR')) return undefined;
  throw error;
}
