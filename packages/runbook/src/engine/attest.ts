import { Journal } from '../journal/journal.ts';
import { lock } from '../journal/lock.ts';
import { createRedactor } from '../journal/redactor.ts';
import type { Attested, Statement } from '../journal/statement.ts';
import { emptyState, foldEntry } from '../journal/state.ts';
import { findStateDirectory } from '../journal/state-directory.ts';
import { UsageError } from './errors.ts';
import { mainList } from './lists.ts';
import type { Runbook } from './runbook.ts';

/**
 * Takes a person's word about something that cannot be asked: the runbook judges and binds it, the journal keeps it.
 * What a later run makes of it is up to its steps.
 *
 * @throws {LockedError} a runner is at work.
 * @throws {UsageError} there is no state directory, there is no run that it could be about, or the runbook does not take it.
 */
export async function attest<World>(
  runbook: Runbook<World>,
  stateDirectory: string,
  statement: Statement,
  signal: AbortSignal,
): Promise<Attested> {
  if (runbook.attest === undefined) throw new UsageError('this runbook takes no attestation');
  const directory = await findStateDirectory(stateDirectory);
  await using held = await lock(directory);
  void held;
  const state = emptyState();
  const redactor = createRedactor(runbook.secretsToRedact ?? []);
  await using journal = await Journal.open(directory.journal, redactor, (entry) => foldEntry(state, entry));
  const { runId, owner } = state;
  const planHash = state.lists.get(mainList)?.planHash;
  if (runId === undefined || planHash === undefined)
    throw new UsageError('there is no run that this could be about: `run` comes first');
  const facts = await runbook.attest({ ...statement, runId, planHash }, signal);
  const event = { type: 'attested', ...statement, facts } as const;
  const entry = await journal.append(event, { runId, epoch: owner?.epoch ?? 0, list: mainList });
  foldEntry(state, entry);
  if (state.attested === undefined) throw new TypeError('an attestation was just written');
  return state.attested;
}
