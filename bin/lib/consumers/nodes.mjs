// The releases of Node that the packages are run on, as the plain tarballs that npm has of them.
import { join } from 'node:path';
import { toolOf } from './tools.mjs';

/** The oldest that `engines` names, and a release of each later line. */
export const nodeVersions = ['20.18.1', '22.23.5', '24.22.3'];

/** The path of a release's `node`, fetched once. */
export function nodeOf(version) {
  const name = `node-linux-${process.arch}`;
  return toolOf({ folder: `node-v${version}`, name, version, file: join('bin', 'node') });
}
