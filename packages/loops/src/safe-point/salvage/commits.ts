import { type GitContext, gitLine } from '../../git/git.ts';

/** So many parents a commit of ours has at most. */
const mostParents = 100;

/** Makes a commit; no ref points at it. */
export async function commitTree(
  context: GitContext,
  tree: string,
  parents: readonly string[],
  message: string,
): Promise<string> {
  return gitLine(context, ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])], {
    input: `${message}\n`,
  });
}

/** Makes a commit that all these commits are reached from, however many they are. */
export async function joinCommits(
  context: GitContext,
  tree: string,
  commits: readonly string[],
  message: string,
): Promise<string> {
  if (commits.length <= mostParents) return commitTree(context, tree, commits, message);
  const groups: string[] = [];
  for (let from = 0; from < commits.length; from += mostParents) {
    groups.push(await commitTree(context, tree, commits.slice(from, from + mostParents), message));
  }
  return joinCommits(context, tree, groups, message);
}
