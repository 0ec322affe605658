import type { Journal } from '../journal/journal.ts';
import { readJournal } from '../journal/read.ts';
import type { JournalState } from '../journal/state.ts';
import type { StateDirectory } from '../journal/state-directory.ts';
import type { JournalPlace } from './claim.ts';
import { givesUpReverseMove, goesBack, type RunRequest } from './decide-run.ts';
import type { Runbook } from './runbook.ts';

interface ClaimParts {
  readonly directory: StateDirectory;
  readonly journal: Journal;
  readonly state: JournalState;
  readonly runId: string;
}

/** The claim of a run, where its runbook has one, until it is disposed. */
export interface TakenClaim extends AsyncDisposable {
  /** Throws when it is no longer this runner's. */
  confirm(signal: AbortSignal): Promise<void>;
}

/** Takes the runbook's claim. */
export async function takeClaim<World>(
  runbook: Runbook<World>,
  { directory, journal, state, runId }: ClaimParts,
  signal: AbortSignal,
): Promise<TakenClaim> {
  const witness = () => ({ begun: hasBegun(state), end: journal.end });
  const claim = await runbook.claim?.(
    {
      ...witness(),
      runId,
      file: directory.journal,
      contains: (place) => contains(directory.journal, place),
    },
    signal,
  );
  return {
    confirm: async (confirmSignal) => claim?.confirm?.(confirmSignal),
    [Symbol.asyncDispose]: async () => claim?.release(witness()),
  };
}

/**
 * Whether C1 is passed: by the journal, or, where a rollback depends on it, by the world. Where a reverse move is given up,
 * by the world alone: the journal does not know how far back it came.
 */
export async function isCommitted<World>(
  runbook: Runbook<World>,
  request: RunRequest,
  state: JournalState,
  signal: AbortSignal,
): Promise<boolean> {
  const journal = state.commits.has('C1');
  if (givesUpReverseMove(request, state)) return (await runbook.isCommitted?.(signal)) ?? journal;
  if (journal) return true;
  if (!goesBack(request.command, state)) return false;
  return (await runbook.isCommitted?.(signal)) ?? false;
}

function hasBegun({ lists }: JournalState): boolean {
  return [...lists.values()].some(({ steps }) =>
    [...steps.values()].some(({ begun }) => begun !== undefined),
  );
}

async function contains(path: string, { seq, hash }: JournalPlace): Promise<boolean> {
  let found = seq === 0;
  await readJournal(path, (entry) => {
    if (entry.seq === seq) found = entry.hash === hash;
  });
  return found;
}
