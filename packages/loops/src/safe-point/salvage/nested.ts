import { git, type GitContext, gitLine } from '../../git/git.ts';
import type { GitPlaces } from '../looks/locate.ts';
import { absorbedRepositories } from '../looks/submodules.ts';
import { joinCommits } from './commits.ts';
import { historyTips } from './history.ts';
import type { Kept } from './kept.ts';

/**
 * Brings what the repositories inside a clone hold into it: those in its work tree as a whole, those of submodules that
 * are not checked out with their history.
 *
 * @param keep keeps a repository under a ref in itself.
 * @returns a commit for each, in this clone now.
 */
export async function keepNested(
  context: GitContext,
  places: GitPlaces,
  paths: readonly string[],
  keep: (context: GitContext) => Promise<Kept>,
  attempt: (what: string, work: () => Promise<string>) => Promise<string | undefined>,
): Promise<string[]> {
  const commits: string[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    const inside = { ...context, repository: `${context.repository}/${path}` };
    const commit = await attempt(`the repository ${path}`, async () => {
      const gitDir = await gitLine(inside, ['rev-parse', '--absolute-git-dir']);
      seen.add(gitDir);
      return moveInto(context, gitDir, (await keep(inside)).ref);
    });
    if (commit !== undefined) commits.push(commit);
  }
  for (const gitDir of await absorbedRepositories(context, places.commonDir)) {
    if (seen.has(gitDir)) continue;
    const commit = await attempt(`the repository ${gitDir}`, () => keepHistory(context, gitDir));
    if (commit !== undefined) commits.push(commit);
  }
  return commits;
}

async function keepHistory(context: GitContext, gitDir: string): Promise<string> {
  const inside = { ...context, repository: gitDir, gitDir };
  const missing: string[] = [];
  const tree = await gitLine(inside, ['mktree'], { input: '' });
  const commit = await joinCommits(inside, tree, await historyTips(inside, missing), `Salvage of ${gitDir}`);
  const ref = `refs/salvage/${commit}`;
  await git(inside, ['update-ref', ref, commit]);
  return moveInto(context, gitDir, ref);
}

/** Fetches the commit of a ref of another repository on the same host into this one, which keeps it from then on. */
async function moveInto(context: GitContext, gitDir: string, ref: string): Promise<string> {
  const fetching = { ...context, settings: [...(context.settings ?? []), 'protocol.file.allow=always'] };
  const inner = { ...context, repository: gitDir, gitDir };
  await git(fetching, [
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--',
    gitDir,
    ref,
  ]);
  const commit = await gitLine(inner, ['rev-parse', '--verify', `${ref}^{commit}`]);
  await git(inner, ['update-ref', '-d', ref, commit]);
  return commit;
}
