import type { UnsafeReason } from '../../git/clone-report.ts';
import { git, type GitContext, gitLine } from '../../git/git.ts';
import type { RemoteHoldings } from './remotes.ts';

/** What of a repository's history no remote has. */
export interface Unpushed {
  readonly commits: number;
  readonly reasons: readonly UnsafeReason[];
}

interface Ref {
  readonly name: string;
  readonly object: string;
  readonly type: string;
  /** The commit that a tag points at. */
  readonly commit: string | undefined;
}

/** Refs of the remotes' own, and the stash, which is a reason by itself. */
const notOwn = /^refs\/(?:remotes|prefetch)\/|^refs\/stash$/;

/** What was kept in this clone before: each is on a remote as it is, or it is not. */
const salvage = /^refs\/salvage\//;

/**
 * Counts the commits of HEAD, of every ref and of every other work tree's HEAD that no remote has, and names the
 * tags and other objects that a ref holds. A salvage is named where the remotes were asked and have none of it.
 *
 * @param ownSalvage a ref that was made of what is looked at, and says nothing about it.
 * @throws {CommandError} git cannot tell: an object is missing, for example.
 */
export async function findUnpushed(
  context: GitContext,
  remotes: RemoteHoldings,
  ownSalvage?: string,
): Promise<Unpushed> {
  const { refs, broken } = await listRefs(context);
  const own = refs.filter(({ name }) => !notOwn.test(name) && !salvage.test(name));
  const salvages = refs.filter(
    ({ name, object }) => salvage.test(name) && name !== ownSalvage && remotes.objects?.has(object) === false,
  );
  const heads = [...(await headCommits(context, refs)), ...(await otherHeads(context))];
  const tips = new Set([...heads, ...own.flatMap(({ commit }) => commit ?? [])]);
  const kept = remotes.objects ?? trackedObjects(refs, remotes.names);
  const present = await presentCommits(context, kept);
  const input = [...tips, ...present.map((object) => `^${object}`), ''].join('\n');
  const commits =
    tips.size === 0 ? 0 : Number(await gitLine(context, ['rev-list', '--count', '--stdin'], { input }));
  const unknownObjects = own.filter(
    ({ type, object }) => type !== 'commit' && remotes.objects?.has(object) === false,
  );
  return {
    commits,
    reasons: [
      ...(commits === 0
        ? []
        : [{ code: 'unpushed' as const, detail: `${commits} commits are on no remote` }]),
      ...unknownObjects.map(({ name, type }) => ({
        code: 'unpushed' as const,
        detail: `${name} (a ${type}) is on no remote`,
      })),
      ...salvages.map(({ name }) => ({
        code: 'unpushed' as const,
        detail: `${name} is on no remote; push it, or delete it when its work is back`,
      })),
      ...broken.map((name) => ({ code: 'unknown' as const, detail: `git cannot read the ref ${name}` })),
    ],
  };
}

async function listRefs(
  context: GitContext,
): Promise<{ readonly refs: Ref[]; readonly broken: readonly string[] }> {
  const format = '%(refname) %(objectname) %(objecttype) %(*objectname) %(*objecttype)';
  const { stdout, stderr } = await git(context, ['for-each-ref', `--format=${format}`]);
  const refs = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', object = '', type = '', peeled = '', peeledType = ''] = line.split(' ');
      const commit = type === 'commit' ? object : peeledType === 'commit' ? peeled : undefined;
      return { name, object, type, commit };
    });
  const broken = [...stderr.matchAll(/^warning: ignoring \w+ ref (.*)$/gm)].map(([, name = '']) => name);
  return { refs, broken };
}

/** The commit of HEAD; none before the first commit of a branch. */
async function headCommits(context: GitContext, refs: readonly Ref[]): Promise<string[]> {
  const branch = await git(context, ['symbolic-ref', '--quiet', 'HEAD'], { reject: false });
  const isUnborn = branch.exitCode === 0 && !refs.some(({ name }) => name === branch.stdout.trim());
  return isUnborn ? [] : [await gitLine(context, ['rev-parse', '--verify', 'HEAD^{commit}'])];
}

/** The HEADs of further work trees, also of those whose folder is gone. */
async function otherHeads(context: GitContext): Promise<string[]> {
  const list = await gitLine(context, ['worktree', 'list', '--porcelain']);
  const heads = [...list.matchAll(/^HEAD ([0-9a-f]+)$/gm)].map(([, head = '']) => head);
  return heads.slice(1).filter((head) => !/^0+$/.test(head));
}

/** What the tracking refs of the remotes that there are say; those of others say nothing. */
function trackedObjects(refs: readonly Ref[], remotes: readonly string[]): ReadonlySet<string> {
  const prefixes = remotes.map((remote) => `refs/remotes/${remote}/`);
  const tracking = refs.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
  return new Set(tracking.flatMap(({ commit }) => commit ?? []));
}

/** Those that this clone has too: of others it cannot tell what they include. */
async function presentCommits(context: GitContext, objects: ReadonlySet<string>): Promise<string[]> {
  if (objects.size === 0) return [];
  const input = `${[...objects].join('\n')}\n`;
  const check = ['cat-file', '--batch-check=%(objectname) %(objecttype)'];
  const lines = (await gitLine(context, check, { input })).split('\n');
  return lines.flatMap((line) => /^([0-9a-f]+) (?:commit|tag)$/.exec(line)?.[1] ?? []);
}
