import type { Host } from '@cutover/host';
import { LoopsError } from '../errors.ts';
import { remoteCommit, swapRemoteDocument } from '../git/remote-document.ts';
import {
  type Claim,
  gateContext,
  type GatePlace,
  gateRef,
  orDamaged,
  readClaim,
  readVerdict,
  type Verdict,
} from './gate-refs.ts';

/**
 * Answers the claim on a plan phase. The verdict names the very commit that was claimed.
 *
 * @param options.sha the commit that was reviewed.
 * @throws {LoopsError} `VERDICT_REFUSED`: there is no claim, it is about another commit, the branch has moved on, or
 * the claim was answered already, otherwise.
 */
export async function pushVerdict(
  host: Host,
  options: GatePlace & {
    readonly by: string;
    readonly sha: string;
    readonly verdict: 'pass' | 'fail';
    readonly note?: string | undefined;
  },
): Promise<Verdict> {
  const { phase, by, sha, verdict, note = '' } = options;
  const context = gateContext(host, options);
  const claim = await readClaim(host, options);
  if (claim === undefined) throw new LoopsError('VERDICT_REFUSED', `plan phase ${phase} is not claimed yet`);
  if (claim.sha !== sha) {
    throw new LoopsError(
      'VERDICT_REFUSED',
      `the claim on plan phase ${phase} is about ${claim.sha}, not ${sha}; review that commit`,
    );
  }
  await requireCurrent(host, options, claim);
  const { document: previous, commit: damaged } = await orDamaged(readVerdict(host, options));
  if (previous?.claim === claim.commit) {
    if (previous.verdict === verdict) return previous;
    throw new LoopsError(
      'VERDICT_REFUSED',
      `that claim was answered already: ${previous.verdict} by ${previous.by}`,
    );
  }
  const document = { phase, sha, claim: claim.commit, verdict, by, note };
  const result = await swapRemoteDocument(
    context,
    gateRef(options, 'verdicts'),
    document,
    previous?.commit ?? damaged,
    [claim.commit],
  );
  if (!result.swapped) {
    throw new LoopsError(
      'VERDICT_REFUSED',
      `plan phase ${phase} was answered by another loop meanwhile; read that verdict first`,
    );
  }
  return { ...document, commit: result.commit };
}

/**
 * Checks that a plan phase was passed: the newest verdict is a pass, of a reviewer other than the claimer, on the newest claim, on the very commit that is
 * still the branch's head at the remote.
 *
 * @param reviewers the loops whose verdict counts.
 * @throws {LoopsError} `ADVANCE_REFUSED`, saying what is missing.
 */
export async function requirePassed(
  host: Host,
  place: GatePlace,
  reviewers: readonly string[],
): Promise<{ readonly claim: Claim; readonly verdict: Verdict }> {
  const [claim, verdict] = [await readClaim(host, place), await readVerdict(host, place)];
  const refuse = (why: string): LoopsError =>
    new LoopsError('ADVANCE_REFUSED', `plan phase ${place.phase}: ${why}`);
  if (claim === undefined) throw refuse('it is not claimed yet');
  if (verdict === undefined) throw refuse('there is no verdict, and no verdict means no');
  if (verdict.claim !== claim.commit || verdict.sha !== claim.sha || claim.phase !== place.phase) {
    throw refuse(`the verdict is about ${verdict.sha} and another claim, the claim about ${claim.sha}`);
  }
  if (!reviewers.includes(verdict.by) || verdict.by === claim.by) {
    throw refuse(`the verdict is by ${verdict.by}, who is not its reviewer (${reviewers.join(', ')})`);
  }
  if (verdict.verdict !== 'pass') throw refuse(`the verdict is ${verdict.verdict}: ${verdict.note}`);
  await requireCurrent(host, place, claim);
  return { claim, verdict };
}

async function requireCurrent(host: Host, place: GatePlace, claim: Claim): Promise<void> {
  const { branch = 'main', remote = 'origin' } = place;
  const head = await remoteCommit(gateContext(host, place), { remote, ref: `refs/heads/${branch}` });
  if (head !== claim.sha) {
    throw new LoopsError(
      'VERDICT_REFUSED',
      `${branch} moved from ${claim.sha} to ${head ?? 'nothing'} since it was claimed: the claim is void`,
    );
  }
}
