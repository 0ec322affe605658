import { setTimeout as delay } from 'node:timers/promises';
import { readClaim, readVerdict } from '@cutover/loops';
import type { World } from '../world/world.ts';
import { wantedClones } from '../carry/working-clones.ts';

/** Where the old rig stopped, as the last sync found it. */
export interface OldRigEnd {
  /** The commit of each working clone, by its path on the new host. */
  readonly heads: Readonly<Record<string, string>>;
  readonly planPhase: number | null;
}

/** The first handoff on the new host, as far as it has come. */
export type Handoff = {
  readonly complete: boolean;
  /** The Builder's new commit that was claimed. */
  readonly commit: string | null;
  /** How many commits it is ahead of where the old rig stopped. */
  readonly newCommits: number;
  readonly claimed: boolean;
  /** What the Adversary said of that very commit. */
  readonly verdict: string | null;
};

/**
 * Looks for a claim on a commit that was not there when the old rig stopped, and for the verdict on it.
 */
export async function findHandoff(world: World, end: OldRigEnd, signal: AbortSignal): Promise<Handoff> {
  const { settings, rig, forge } = world;
  const builder = wantedClones(world).find(({ url }) => url === forge.url(settings.handoff.repository));
  if (builder === undefined)
    throw new TypeError(`repositories names no clone of ${settings.handoff.repository}`);
  const { heads, planPhase } = end;
  if (planPhase === null)
    throw new Error('the last sync found no plan phase; put the resume point back by hand');
  const before = heads[builder.path] ?? '';
  const user = await world.targetRig(signal);
  const place = { repository: builder.path, remote: builder.url, rig: rig.rig, phase: planPhase, signal };
  const claim = await readClaim(user, place);
  const none: Handoff = { complete: false, commit: null, newCommits: 0, claimed: false, verdict: null };
  if (claim === undefined) return none;
  // Its objects alone: the Builder fetches there too, and would find its refs locked.
  await user.run(
    [
      'git',
      '-C',
      builder.path,
      'fetch',
      '--quiet',
      '--refmap=',
      '--no-write-fetch-head',
      'origin',
      builder.branch,
    ],
    { signal },
  );
  const count = await user.run(
    ['git', '-C', builder.path, 'rev-list', '--count', `${before}..${claim.sha}`],
    { reject: false, signal },
  );
  const newCommits = count.exitCode === 0 ? Number(count.stdout) : 0;
  if (newCommits === 0) return none;
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

/** Asks the forge until the handoff is complete; the signal is the deadline. A remote tells of no change by itself. */
export async function waitForHandoff(
  world: World,
  end: OldRigEnd,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { complete, claimed, newCommits } = await findHandoff(world, end, signal);
    if (complete) return;
    progress(
      claimed ? 'claimed; waiting for the verdict' : `waiting for a claim (${newCommits} new commits)`,
    );
    await delay(500, undefined, { signal });
  }
}
