import { setTimeout as delay } from 'node:timers/promises';
import { formatDuration } from '@cutover/foundation/duration';
import {
  type Attestation,
  grantOwnership,
  type GrantGround,
  type LastOwner,
  mayGrant,
  type ReleasedOwnership,
} from '@cutover/loops';
import { CutoverError } from '../errors.ts';
import type { World } from '../world/world.ts';
import { ownershipRef, readOwner } from './ownership.ts';

/** The grant may not be written yet; `missing` says what it lacks. Nothing was changed. */
export class GrantRefusedError extends CutoverError {
  override readonly name = 'GrantRefusedError';
  readonly code = 'GRANT_REFUSED';
  readonly missing: readonly string[];

  constructor(to: string, missing: readonly string[]) {
    super(`the loops may not be granted to ${to}: ${missing.join('; ')}`);
    this.missing = missing;
  }
}

/** The clock that a lease is counted by. It may stand still in suspend: then more is waited, never less. */
export interface GrantClock {
  /** Milliseconds. */
  now(): number;
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

const monotonicClock: GrantClock = {
  now: () => performance.now(),
  wait: async (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
};

export interface GrantRequest {
  /** The hash of the plan and the run, to which an attestation must be bound. */
  readonly plan: string;
  readonly run: string;
  readonly to: string;
  /** Looks at the last owner; asked again after each wait. */
  last(signal: AbortSignal): Promise<LastOwner>;
  readonly attestation?: Attestation | undefined;
  readonly progress?: ((text: string) => void) | undefined;
  readonly clock?: GrantClock | undefined;
  readonly signal: AbortSignal;
}

/** What was granted, and on what ground; `held`: they were that host's already. */
export interface Granted {
  readonly epoch: number;
  readonly ground: GrantGround | 'held';
  /** No key was taken away: only what the ground says keeps the last owner from pushing. */
  readonly unfenced: boolean;
}

/** Milliseconds after which a lease that is waited for is looked at again. */
const longestWait = 30_000;

/**
 * Grants the loops to a host when what is known of the last owner allows it. Where only its lease is left to run out, that
 * is waited for: the whole of it, counted from a read of the release by this process, whatever an earlier one waited.
 *
 * @throws {GrantRefusedError} it is not allowed.
 */
export async function grantLoops(world: World, request: GrantRequest): Promise<Granted> {
  const { to, run, plan, attestation, signal, progress, clock = monotonicClock } = request;
  let read: { readonly commit: string; readonly at: number } | undefined;
  for (;;) {
    // Side by side: the loops stand still. What is not released is granted to no host, whatever the last owner does.
    const looking = request.last(signal);
    looking.catch(() => undefined);
    const found = await readOwner(world, signal);
    if (found?.state === 'held' && found.owner === to)
      return { epoch: found.epoch, ground: 'held', unfenced: false };
    if (found?.state !== 'released') throw new GrantRefusedError(to, ['they are not released']);
    // Another release is another lease.
    if (read?.commit !== found.commit) read = { commit: found.commit, at: clock.now() };
    const last = await looking;
    const sinceRead = clock.now() - read.at;
    const facts = { to, released: found, last, sinceRead, attestation, plan, run, now: Date.now() };
    const decision = mayGrant(facts);
    if (decision.may) {
      const word = decision.ground === 'attestation' ? attestation : undefined;
      const epoch = await write(world, found, { to, run, attestation: word, signal });
      return { epoch, ground: decision.ground, unfenced: decision.unfenced };
    }
    if (decision.waitMs === undefined) throw new GrantRefusedError(to, decision.missing);
    progress?.(`the lease of ${last.name} ends in ${formatDuration(decision.waitMs)}`);
    await clock.wait(Math.min(decision.waitMs, longestWait), signal);
  }
}

async function write(
  world: World,
  released: ReleasedOwnership,
  grant: Pick<GrantRequest, 'to' | 'run' | 'attestation' | 'signal'>,
): Promise<number> {
  const { epoch } = await grantOwnership(world.gitHere, {
    ...ownershipRef(world),
    ...grant,
    expected: released,
    lease: world.settings.ownership.lease,
    seen: released.epoch,
  });
  return epoch;
}
