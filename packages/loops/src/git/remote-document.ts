import { randomUUID } from 'node:crypto';
import { CommandError } from '@cutover/host';
import { git, type GitContext, gitLine } from './git.ts';

/** A JSON document that a ref of a remote holds, as the file `document.json` of a commit. */
export interface RemoteDocument {
  readonly commit: string;
  readonly data: unknown;
}

export interface RemoteRef {
  /** A remote's name or address. */
  readonly remote: string;
  readonly ref: string;
}

/** How a compare-and-swap ended: our commit is there, or another one is (`undefined`: none). */
export type SwapResult =
  | { readonly swapped: true; readonly commit: string }
  | { readonly swapped: false; readonly found: string | undefined };

const file = 'document.json';
/** How often a push that is refused, though the ref still is as expected, is tried in all. */
const attempts = 3;

/** The commit a ref of the remote points at; `undefined` when the remote answers that there is none. */
export async function remoteCommit(
  context: GitContext,
  { remote, ref }: RemoteRef,
): Promise<string | undefined> {
  const lines = await gitLine(context, ['ls-remote', '--', remote, ref]);
  for (const line of lines.split('\n')) {
    const [sha, name] = line.split('\t');
    if (name === ref && sha !== undefined) return sha;
  }
  return undefined;
}

/** What was read of commits, which never change: newest last, for each repository. */
const known = new Map<string, unknown>();
/** How many of them are remembered. */
const mostKnown = 100;

/** Reads the document; `undefined` when the remote answers that the ref does not exist. */
export async function readRemoteDocument(
  context: GitContext,
  at: RemoteRef,
): Promise<RemoteDocument | undefined> {
  const commit = await remoteCommit(context, at);
  if (commit === undefined) return undefined;
  const name = nameOf(context, commit);
  if (known.has(name)) return { commit, data: known.get(name) };
  if (!(await hasCommit(context, commit))) {
    await git(context, ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--', at.remote, at.ref]);
  }
  if (!(await hasCommit(context, commit))) return readRemoteDocument(context, at);
  return { commit, data: await dataOf(context, commit) };
}

/**
 * The same by one connection also where the document is new, in a repository that no one works in: it has the ref there
 * for a moment.
 */
export async function fetchRemoteDocument(
  context: GitContext,
  at: RemoteRef,
): Promise<RemoteDocument | undefined> {
  // A name of this call alone: others may read at the same time.
  const local = `refs/asked/${randomUUID()}`;
  const how = ['--quiet', '--no-tags', '--no-auto-maintenance', '--no-write-fetch-head'];
  const fetched = ['fetch', ...how, '--', at.remote, `+${at.ref}:${local}`];
  try {
    await git(context, fetched);
  } catch (error) {
    const absent = error instanceof CommandError && error.result.stderr.includes("couldn't find remote ref");
    // Only the remote's own list says for certain that the ref is not there.
    if (absent && (await remoteCommit(context, at)) === undefined) return undefined;
    throw error;
  }
  const commit = await gitLine(context, ['rev-parse', local]);
  const [data] = await Promise.all([dataOf(context, commit), git(context, ['update-ref', '-d', local])]);
  return { commit, data };
}

/**
 * Writes the document if the ref still points at `expected` (`undefined`: if it does not exist). The remote
 * compares and swaps; when the connection is lost under way, the remote is asked what became of it.
 *
 * @param keeps commits that the remote shall hold along with it.
 */
export async function swapRemoteDocument(
  context: GitContext,
  at: RemoteRef,
  data: unknown,
  expected: string | undefined,
  keeps: readonly string[] = [],
): Promise<SwapResult> {
  const commit = await writeDocument(context, at.ref, data, expected, keeps);
  const lease = `--force-with-lease=${at.ref}:${expected ?? ''}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await git(context, ['push', '--quiet', lease, '--', at.remote, `${commit}:${at.ref}`]);
      return { swapped: true, commit };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const found = await remoteCommit(context, at);
      if (found === commit) return { swapped: true, commit };
      if (found !== expected) return { swapped: false, found };
      // Another's push may hold the ref's lock and not have moved it yet.
      if (attempt === attempts) throw error;
    }
  }
}

async function writeDocument(
  context: GitContext,
  ref: string,
  data: unknown,
  expected: string | undefined,
  keeps: readonly string[],
): Promise<string> {
  const input = `${JSON.stringify(data, undefined, 2)}\n`;
  const blob = await gitLine(context, ['hash-object', '-w', '--stdin'], { input });
  const tree = await gitLine(context, ['mktree'], { input: `100644 blob ${blob}\t${file}\n` });
  const parents = [...(expected === undefined ? [] : [expected]), ...keeps].flatMap((parent) => [
    '-p',
    parent,
  ]);
  return gitLine(context, ['commit-tree', tree, ...parents], { input: `${ref}\n` });
}

async function dataOf(context: GitContext, commit: string): Promise<unknown> {
  const data: unknown = JSON.parse(await gitLine(context, ['cat-file', 'blob', `${commit}:${file}`]));
  const [oldest] = known.keys();
  if (known.size >= mostKnown && oldest !== undefined) known.delete(oldest);
  known.set(nameOf(context, commit), data);
  return data;
}

function nameOf({ host, repository }: GitContext, commit: string): string {
  return `${host.name} ${repository} ${commit}`;
}

/** Whether a commit is in the repository; none at all (`undefined`) is. */
export async function hasCommit(context: GitContext, commit: string | undefined): Promise<boolean> {
  if (commit === undefined) return true;
  return (await git(context, ['cat-file', '-e', `${commit}^{commit}`], { reject: false })).exitCode === 0;
}
