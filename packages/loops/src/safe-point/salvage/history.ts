import { git, type GitContext, gitLine } from '../../git/git.ts';
import { runLimits } from '../../processes/run-limits.ts';
import { commitTree } from './commits.ts';

/** Files that name commits which no ref does: of what is under way, and what it has put aside. */
const pointers = [
  'MERGE_HEAD',
  'MERGE_AUTOSTASH',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'ORIG_HEAD',
  'rebase-merge/autostash',
  'rebase-apply/autostash',
  'rebase-merge/orig-head',
  'rebase-apply/orig-head',
] as const;

/** Every commit that something of this clone's own points at: HEADs, refs, stash entries, what is under way. */
export async function historyTips(context: GitContext, notKept: string[]): Promise<string[]> {
  const format = '%(refname) %(objectname) %(objecttype) %(*objectname) %(*objecttype)';
  const refs = (await gitLine(context, ['for-each-ref', `--format=${format}`])).split('\n');
  const own = refs.filter((line) => !/^refs\/(?:remotes|prefetch|salvage)\//.test(line));
  const stash = await git(context, ['rev-list', '--walk-reflogs', 'refs/stash'], { reject: false });
  const worktrees = await gitLine(context, ['worktree', 'list', '--porcelain']);
  const named = [
    ...own.flatMap((line) => line.split(' ').slice(1)),
    ...(stash.exitCode === 0 ? stash.stdout.split('\n') : []),
    ...[...worktrees.matchAll(/^HEAD (\S+)$/gm)].map(([, head = '']) => head),
    ...(await pointedAt(context)),
  ].filter((word) => /^[0-9a-f]{40,64}$/.test(word) && !/^0+$/.test(word));
  if (named.length === 0) return [];
  const input = `${[...new Set(named)].join('\n')}\n`;
  const types = await gitLine(context, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input });
  const lines = types.split('\n');
  for (const line of lines) if (line.endsWith(' missing')) notKept.push(`the object ${line}`);
  return lines.flatMap((line) => /^(\S+) commit$/.exec(line)?.[1] ?? []);
}

/** Objects besides commits that refs hold, in a tree: tags with their words, and whatever else has a name. */
export async function namedObjects(context: GitContext): Promise<string[]> {
  const listed = await gitLine(context, ['for-each-ref', '--format=%(objecttype) %(objectname) %(refname)']);
  const others = listed.split('\n').filter((line) => /^(?:tag|blob|tree) /.test(line));
  if (others.length === 0) return [];
  const entries: string[] = [];
  for (const [index, line] of others.entries()) {
    const [type = '', object = ''] = line.split(' ');
    if (type === 'tree') entries.push(`040000 tree ${object}\tobject-${index}`);
    else if (type === 'blob') entries.push(`100644 blob ${object}\tobject-${index}`);
    else {
      const input = (await git(context, ['cat-file', 'tag', object])).stdoutBytes;
      const blob = (await git(context, ['hash-object', '-w', '--stdin'], { input })).stdout.trim();
      entries.push(`100644 blob ${blob}\tobject-${index}`);
    }
  }
  const names = others.map((line, index) => `object-${index} ${line}\n`).join('');
  const list = (await git(context, ['hash-object', '-w', '--stdin'], { input: names })).stdout.trim();
  const input = `${[...entries, `100644 blob ${list}\tnames`].join('\n')}\n`;
  const tree = await gitLine(context, ['mktree'], { input });
  return [await commitTree(context, tree, [], 'Salvage of tags and other named objects')];
}

async function pointedAt(context: GitContext): Promise<string[]> {
  const paths = pointers.flatMap((name) => ['--git-path', name]);
  const places = (await gitLine(context, ['rev-parse', '--path-format=absolute', ...paths])).split('\n');
  const { host, timeout = 30_000, signal } = context;
  const { stdout } = await host.run(['cat', '--', ...places], {
    ...runLimits(timeout, signal),
    reject: false,
  });
  return stdout.split(/\s+/);
}
