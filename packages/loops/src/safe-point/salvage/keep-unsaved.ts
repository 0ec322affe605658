import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { git, type GitContext, gitLine } from '../../git/git.ts';
import { readStatus, statusReasons } from '../read-status.ts';
import { keepLocally } from './keep-locally.ts';
import type { Kept } from './kept.ts';

/**
 * Keeps under a new ref what a clone of this machine holds and its upstream does not: what is not committed, untracked
 * files too, what is not pushed, and with these all that a salvage keeps. What the newest salvage holds already is not
 * kept twice.
 *
 * @returns `undefined` when there is nothing to keep, or nothing new.
 * @throws {CommandError} it cannot be told, or not be kept.
 */
export async function keepUnsaved(context: GitContext): Promise<Kept | undefined> {
  // A folder that is no clone yet.
  if ((await unlessAbsent(access(join(context.repository, '.git')).then(() => true))) !== true)
    return undefined;
  const status = await readStatus(context);
  if (statusReasons(status).length === 0 && status.ahead === 0) return undefined;
  const before = await gitLine(context, [
    'for-each-ref',
    '--sort=-refname',
    '--count=1',
    '--format=%(objectname)',
    'refs/salvage/',
  ]);
  const kept = await keepLocally(context);
  if (before === '' || (await contentOf(context, before)) !== (await contentOf(context, kept.commit)))
    return kept;
  await git(context, ['update-ref', '-d', kept.ref, kept.commit]);
  return undefined;
}

/** What a salvage holds, whenever it was made: the commits that it made itself bear their time. */
async function contentOf(context: GitContext, commit: string): Promise<string> {
  const format = '%T %H %s';
  const shown = await gitLine(context, ['show', '-s', `--format=${format}`, commit, `${commit}^@`]);
  const [own = '', ...parents] = shown.split('\n');
  const word = (line: string, index: number): string => line.split(' ')[index] ?? '';
  const isOurs = (line: string): boolean =>
    / Salvage of (?:the index|tags and other named objects)$/.test(line);
  return [word(own, 0), ...parents.map((line) => word(line, isOurs(line) ? 0 : 1)).toSorted()].join(' ');
}
