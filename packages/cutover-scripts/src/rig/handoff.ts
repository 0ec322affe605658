import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '@cutover/host';
import { readClaim, readVerdict } from '@cutover/loops';
import type { World } from '../world/world.ts';
import { type WantedClone, wantedClones } from '../carry/working-clones.ts';
import { type Handoff, NoHandoffError } from './no-handoff.ts';

/** Where the old rig stopped, as the last sync found it. */
export interface OldRigEnd {
  /** The commit of each working clone, by its path on the new host. */
  readonly heads: Readonly<Record<string, string>>;
  readonly planPhase: number | null;
}

/** No work has been handed over. */
export const noHandoff: Handoff = {
  complete: false,
  commit: null,
  newCommits: 0,
  claimed: false,
  verdict: null,
};

/**
 * Looks for a commit that was not there when the old rig stopped: one with a claim and the verdict on it, or any, as
 * `handoff.proof` says.
 */
export async function findHandoff(world: World, end: OldRigEnd, signal: AbortSignal): Promise<Handoff> {
  const { settings, forge } = world;
  const { handoff } = settings;
  if (handoff === undefined) return noHandoff;
  const clone = wantedClones(world).find(({ url }) => url === forge.url(handoff.repository));
  if (clone === undefined) throw new TypeError(`repositories names no clone of ${handoff.repository}`);
  return handoff.proof === 'commit'
    ? findCommit(world, clone, end, signal)
    : findVerdict(world, clone, end, signal);
}

async function findCommit(
  world: World,
  clone: WantedClone,
  { heads }: OldRigEnd,
  signal: AbortSignal,
): Promise<Handoff> {
  const user = await world.targetRig(signal);
  const argv = ['git', '-C', clone.path, 'ls-remote', 'origin', `refs/heads/${clone.branch}`];
  const [commit = ''] = (await user.run(argv, { signal })).stdout.split('\t');
  const newCommits = commit === '' ? 0 : await commitsSince(user, clone, heads[clone.path], commit, signal);
  return newCommits === 0 ? noHandoff : { ...noHandoff, complete: true, commit, newCommits };
}

async function findVerdict(
  world: World,
  clone: WantedClone,
  { heads, planPhase }: OldRigEnd,
  signal: AbortSignal,
): Promise<Handoff> {
  if (planPhase === null)
    throw new Error('the last sync found no plan phase; put the resume point back by hand');
  const user = await world.targetRig(signal);
  const { rig } = world.rig;
  const place = { repository: clone.path, remote: clone.url, rig, phase: planPhase, signal };
  const claim = await readClaim(user, place);
  if (claim === undefined) return noHandoff;
  const newCommits = await commitsSince(user, clone, heads[clone.path], claim.sha, signal);
  if (newCommits === 0) return noHandoff;
  const verdict = await readVerdict(user, place);
  const onThatCommit = verdict?.sha === claim.sha && verdict.claim === claim.commit;
  return {
    complete: onThatCommit,
    commit: claim.sha,
    newCommits,
    claimed: true,
    verdict: onThatCommit ? verdict.verdict : null,
  };
}

/** How many commits `commit` is ahead of `before`. */
async function commitsSince(
  user: Host,
  { path, branch }: WantedClone,
  before: string | undefined,
  commit: string,
  signal: AbortSignal,
): Promise<number> {
  const git = ['git', '-C', path];
  // Its objects alone: a loop fetches there too, and would find its refs locked.
  const fetch = ['fetch', '--quiet', '--refmap=', '--no-write-fetch-head', 'origin', branch];
  await user.run([...git, ...fetch], { signal });
  const count = await user.run([...git, 'rev-list', '--count', `${before ?? ''}..${commit}`], {
    reject: false,
    signal,
  });
  return count.exitCode === 0 ? Number(count.stdout) : 0;
}

/**
 * Asks the forge until the handoff is complete: a remote tells of no change by itself.
 *
 * @throws {NoHandoffError} when the time that `handoff.timeout` gives is over.
 */
export async function waitForHandoff(
  world: World,
  end: OldRigEnd,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { handoff, name } = world.settings;
  if (handoff === undefined) return;
  const late = AbortSignal.timeout(handoff.timeout);
  const either = AbortSignal.any([signal, late]);
  let seen = noHandoff;
  const missing = (): string => {
    if (handoff.proof === 'commit') return 'no new commit';
    return seen.claimed ? `no verdict on ${seen.commit}, which was claimed,` : 'no claim of a new commit';
  };
  try {
    for (;;) {
      seen = await findHandoff(world, end, either);
      if (seen.complete) return;
      progress(`waiting: ${missing()} yet`);
      await delay(500, undefined, { signal: either });
    }
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    throw new NoHandoffError(name, missing(), handoff.timeout, seen);
  }
}
