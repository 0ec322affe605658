import { type Attestation, attestationHows, attestationProblem, parseAttestation } from '@cutover/loops';
import type { StatementOfRun, StepContext } from '@cutover/runbook';
import { UsageError } from '@cutover/runbook';
import type { World } from '../world/world.ts';
import { readOwner } from './ownership.ts';

/**
 * Takes a person's word that the old host is off, and binds it to the plan, the run, the epoch and the old host's last
 * answer. It is no word at all while the host answers.
 *
 * @throws {UsageError} it is about another host, or the host answers.
 */
export async function takeAttestation(
  world: World,
  { subject, how, by, runId, planHash }: StatementOfRun,
  signal: AbortSignal,
): Promise<Attestation> {
  const { old, name } = world.settings;
  const known = attestationHows.find((one) => one === how);
  if (known === undefined) throw new UsageError(`--how ${how}: must be one of ${attestationHows.join(', ')}`);
  if (subject === name)
    throw new UsageError(
      `${name} has a supervisor, which stops the loops when their lease ends: no attestation is needed; \`cutover rollback\` waits for that`,
    );
  if (subject !== old.name) throw new UsageError(`${subject} is not the old host; that is ${old.name}`);
  if (by.trim() === '') throw new UsageError('--by is empty: a person with a name attests');
  if (await world.oldAnswers.now(signal))
    throw new UsageError(
      `${old.name} answers, so it is not off: \`cutover resume\` goes on without a word of yours`,
    );
  const found = await readOwner(world, signal);
  return {
    by: by.trim(),
    host: subject,
    how: known,
    plan: planHash,
    run: runId,
    epoch: found?.epoch ?? 0,
    lastAnswer: await world.oldAnswers.last(),
    at: new Date().toISOString(),
  };
}

/** What of a step's context an attestation is held against. */
export type AttestationContext = Pick<
  StepContext<World>,
  'world' | 'signal' | 'runId' | 'planHash' | 'attested'
>;

/** A person's word, or why there is none that counts. */
export type AttestedOff = { readonly word: Attestation } | { readonly problem: string };

/** Whether a person's word that the old host is off counts at this moment. */
export async function attestedOff({
  world,
  signal,
  runId,
  planHash,
  attested,
}: AttestationContext): Promise<AttestedOff> {
  const host = world.settings.old.name;
  const attestation = parseAttestation(attested?.facts);
  if (attestation === undefined) return { problem: `no person attests that ${host} is off` };
  const [found, answers] = await Promise.all([readOwner(world, signal), world.oldAnswers.now(signal)]);
  const problem = attestationProblem({
    attestation,
    host,
    answers,
    lastAnswer: await world.oldAnswers.last(),
    plan: planHash,
    run: runId,
    ofThisMove: (epoch) =>
      epoch === (found?.epoch ?? 0) ||
      (found?.state === 'released' && found.run === runId && found.epoch === epoch + 1) ||
      // The grant that rests on it.
      (found?.state === 'held' && found.attestation?.at === attestation.at),
    now: Date.now(),
  });
  return problem === undefined ? { word: attestation } : { problem };
}

/** What a person types to attest, for messages. */
export function attestCommand({ settings: { old } }: World): string {
  return `cutover attest ${old.name} --how '${attestationHows.join(' | ')}' --by NAME`;
}
