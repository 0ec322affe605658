import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SecretsError } from '../errors.ts';
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

/**
 * Links each secret with a path of its own; a link that is right is left alone.
 *
 * @param ownerOf - whose the link is to be; left as it is made without one.
 */
export async function linkCustomPaths(
  manifest: Manifest,
  ownerOf: (item: ManifestSecret | ManifestTemplate) => Promise<{ uid: number; gid: number } | undefined>,
): Promise<void> {
  const links = [
    ...manifest.secrets.map((secret) => ({ item: secret, target: join(manifest.symlinkPath, secret.name) })),
    ...manifest.templates.map((template) => ({
      item: template,
      target: join(manifest.symlinkPath, 'rendered', template.name),
    })),
  ];
  for (const { item, target } of links) {
    if (item.path === target || item.path === '') continue;
    const owner = await ownerOf(item);
    const found = await lstat(item.path).catch(missing);
    const fits = owner === undefined || (found?.uid === owner.uid && found.gid === owner.gid);
    if (fits && (await readlink(item.path).catch(missing)) === target) continue;
    if (found?.isDirectory() === true) {
      throw new SecretsError(
        'ACTIVATION_FAILED',
        `${item.path} is a directory; move it away, then activate again`,
      );
    }
    await swapSymlink(item.path, target, owner);
  }
}

/** For what is not there, or is no link. */
export function missing(error: unknown): undefined {
  if (
    error instanceof Error &&
    'code' in error &&
    ['ENOENT', 'EINVAL', 'ENOTDIR'].includes(String(error.code))
  ) {
    return undefined;
  }
  throw error;
}
