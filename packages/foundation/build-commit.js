// Imported by the builds of the commands, which know no TypeScript outside their own folder.
import { execFileSync } from 'node:child_process';

/** What a build defines for `src/command-version.ts`: the commit that it is made from, or none outside of a clone. */
export const buildCommit = { BUILD_COMMIT: JSON.stringify(commitOf(import.meta.dirname)) ?? 'undefined' };

/** The first seven digits, and `-dirty` where a file differs from the commit. */
function commitOf(folder) {
  // An unpacked archive may lie in a clone of something else.
  const tracked = git(folder, 'ls-files', '--error-unmatch', 'build-commit.js');
  const commit = git(folder, 'rev-parse', 'HEAD');
  if (tracked === undefined || commit === undefined) return undefined;
  const changed = git(folder, 'status', '--porcelain', '--untracked-files=no', ':/') !== '';
  return commit.slice(0, 7) + (changed ? '-dirty' : '');
}

/** What git says, or `undefined` where it is not installed, or finds no repository or no such file. */
function git(cwd, ...args) {
  try {
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    if (error.code === 'ENOENT' || error.status > 0) return undefined;
    throw error;
  }
}
