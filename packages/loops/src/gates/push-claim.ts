import { randomUUID } from 'node:crypto';
import type { Host } from '@cutover/host';
import { LoopsError } from '../errors.ts';
import { gitLine } from '../git/git.ts';
import { remoteCommit, swapRemoteDocument } from '../git/remote-document.ts';
import { type Gate, runGate } from './run-gate.ts';
import { type Claim, gateContext, type GatePlace, gateRef, orDamaged, readClaim } from './gate-refs.ts';

/**
 * Claims that a plan phase is done at one commit, which the branch must hold as its head at the remote. The claim
 * keeps that commit at the remote. The same commit claimed again is the claim that is there.
 *
 * @param options.sha default: the clone's HEAD.
 * @param options.gate what the commit must pass first; a claim that it fails is none, and spends no round.
 * @throws {LoopsError} `CLAIM_REFUSED`: the commit is not the head of the branch at the remote, or another loop claimed
 * meanwhile; `ROUNDS_USED_UP`; `GATE_FAILED`.
 */
export async function pushClaim(
  host: Host,
  options: GatePlace & {
    readonly by: string;
    readonly sha?: string | undefined;
    readonly maxRounds?: number | undefined;
    readonly gate?: Gate | undefined;
    /** Claims on this plan phase that are known of, also when their ref is there no more. */
    readonly roundsSpent?: number | undefined;
  },
): Promise<Claim> {
  const { phase, by, branch = 'main', remote = 'origin', maxRounds = 5 } = options;
  const context = gateContext(host, options);
  const sha = await gitLine(context, ['rev-parse', '--verify', `${options.sha ?? 'HEAD'}^{commit}`]);
  const head = await remoteCommit(context, { remote, ref: `refs/heads/${branch}` });
  if (head !== sha) {
    throw new LoopsError(
      'CLAIM_REFUSED',
      `${sha} is not the head of ${branch} at ${remote} (${head ?? 'no such branch'}); push it first`,
    );
  }
  const { document: previous, commit: damaged } = await orDamaged(readClaim(host, options));
  if (previous?.sha === sha) return previous;
  const round = Math.max(previous?.round ?? 0, options.roundsSpent ?? 0) + 1;
  if (round > maxRounds) {
    throw new LoopsError(
      'ROUNDS_USED_UP',
      `plan phase ${phase} was claimed ${maxRounds} times already; a person must look at it`,
    );
  }
  if (options.gate !== undefined) await runGate(host, options, options.gate, sha);
  const claim = { phase, sha, nonce: randomUUID(), round, by };
  const result = await swapRemoteDocument(
    context,
    gateRef(options, 'claims'),
    claim,
    previous?.commit ?? damaged,
    [sha],
  );
  if (!result.swapped) {
    throw new LoopsError(
      'CLAIM_REFUSED',
      `plan phase ${phase} was claimed by another loop meanwhile; look at that claim first`,
    );
  }
  return { ...claim, commit: result.commit };
}
