import { describeError, type DescribedError } from '@cutover/foundation/describe-error';
import { processIo, write } from '@cutover/foundation/io';

import { exitCodeOf } from '../../exit-codes.ts';
import type { FleetMember } from '../../fleet/deploy-fleet.ts';
import { inParallel } from '../../fleet/in-parallel.ts';
import { printable } from './printable.ts';

/** A target that could not be asked, as `--json` tells it. */
export interface Unanswered {
  readonly target: string;
  readonly error: DescribedError;
}

export interface Answers<T> {
  readonly answers: readonly T[];
  /** Both kinds, in the order of the targets. */
  readonly all: readonly (T | Unanswered)[];
}

/**
 * Asks each target, also where another one fails: that is said on stderr, and ends the command with the exit code of several
 * targets of which some failed. One target alone fails as itself.
 */
export async function askEach<T>(
  members: readonly FleetMember[],
  {
    parallel = members.length,
    signal,
  }: { readonly parallel?: number | undefined; readonly signal: AbortSignal },
  ask: (member: FleetMember) => Promise<T>,
): Promise<Answers<T>> {
  const found = new Map<FleetMember, { readonly answer: T } | { readonly failure: Unanswered }>();
  await inParallel(
    members,
    parallel,
    () => signal.aborted,
    async (member) => {
      try {
        found.set(member, { answer: await ask(member) });
      } catch (error) {
        if (members.length === 1 || signal.aborted) throw error;
        const failure = { target: member.target.name, error: describeError(error) };
        found.set(member, { failure });
        await write(processIo.stderr, printable(`${failure.target}: FAILED: ${failure.error.message}\n`));
      }
    },
  );
  signal.throwIfAborted();
  const inOrder = members.flatMap((member) => found.get(member) ?? []);
  if (inOrder.some((one) => 'failure' in one)) process.exitCode = exitCodeOf('FLEET_FAILED');
  return {
    answers: inOrder.flatMap((one) => ('answer' in one ? [one.answer] : [])),
    all: inOrder.map((one) => ('answer' in one ? one.answer : one.failure)),
  };
}
