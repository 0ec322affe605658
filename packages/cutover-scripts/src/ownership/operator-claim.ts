import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import {
  defaultOperatorRef,
  type OperatorDocument,
  OwnershipUnknownError,
  readOperator,
  writeOperator,
} from '@cutover/loops';
import { type JournalWitness, type RunnerClaim, UsageError } from '@cutover/runbook';
import * as z from 'zod';
import { CutoverError } from '../errors.ts';
import { ownershipRef } from './ownership.ts';
import type { World } from '../world/world.ts';

/** Another operator, another state directory, or an older copy of this one. Nothing was looked at or changed. */
export class ClaimedError extends CutoverError {
  override readonly name = 'ClaimedError';
  readonly code = 'CLAIMED';
  readonly claim: OperatorDocument;

  constructor(claim: OperatorDocument, what: string) {
    super(`${what}. To take over all the same: cutover unlock --operator '${wordsFor(claim)}'`);
    this.claim = claim;
  }
}

/** What a person types to take the claim over. */
function wordsFor({ run }: OperatorDocument): string {
  return `take over ${run}`;
}

/** Milliseconds that a forge may take to hear that a run is over. */
const releasePatience = 30_000;

/**
 * Makes this runner the only one that moves these loops, from wherever others run. What tells a runner is a random id that
 * lies beside its journal, and the journal's inode: a copied state directory is another.
 *
 * @throws {ClaimedError} another has it, or has gone on since this journal was copied.
 * @throws {OwnershipUnknownError} the forge does not answer.
 */
export async function claimOperator(
  world: World,
  witness: JournalWitness,
  signal: AbortSignal,
  patience = releasePatience,
): Promise<RunnerClaim> {
  const place = operatorPlace(world, signal);
  const idFile = join(dirname(witness.file), 'operator.json');
  const found = await readOperator(world.gitHere, place);
  const mine = await readIds(idFile);
  const journal = await inodeOf(witness.file);
  if (found !== undefined) await requireOurs(found, { mine, journal, witness });
  const id = randomBytes(8).toString('hex');
  // Both, until the claim is written: a runner that dies in between finds itself again by the one or the other.
  await writeIds(idFile, [...(found?.state === 'held' ? [found.id] : []), id]);
  const held: OperatorDocument = {
    state: 'held',
    id,
    run: witness.runId,
    host: hostname(),
    person: userInfo().username,
    since: new Date().toISOString(),
    journal,
    at: witness.end,
  };
  const commit = await writeOperator(world.gitHere, place, held, found?.commit);
  if (commit === undefined) throw new ClaimedError(held, 'another operator has begun at the same moment');
  return {
    async confirm(confirmSignal) {
      const now = await readOperator(world.gitHere, operatorPlace(world, confirmSignal));
      if (now?.commit === commit) return;
      if (now === undefined)
        throw new OwnershipUnknownError(
          place.remote,
          'the claim of this operator is gone; look why, then resume',
        );
      throw new ClaimedError(now, `another has taken over: ${describe(now)}`);
    },
    async release({ begun, end }) {
      const free: OperatorDocument = { state: 'free', run: witness.runId, ...(begun ? { last: end } : {}) };
      const over = AbortSignal.timeout(patience);
      try {
        await writeOperator(world.gitHere, operatorPlace(world, over), free, commit);
      } catch (error) {
        // It stays with this state directory, which finds itself again by its id. How the run ended is told all the same.
        if (!(error instanceof OwnershipUnknownError) && !over.aborted) throw error;
      }
    },
  };
}

/** Takes the claim over, when `words` are the right ones. @returns what was taken over. */
export async function takeOverOperator(world: World, words: string, signal: AbortSignal): Promise<string> {
  const place = operatorPlace(world, signal);
  const found = await readOperator(world.gitHere, place);
  if (found === undefined) return 'no operator has it';
  if (words !== wordsFor(found))
    throw new UsageError(`${describe(found)}; to take over, type '${wordsFor(found)}'`);
  const written = await writeOperator(world.gitHere, place, { state: 'free', run: found.run }, found.commit);
  if (written === undefined) throw new UsageError('it has changed meanwhile; look again');
  return `taken over: ${describe(found)}`;
}

async function requireOurs(
  found: OperatorDocument,
  {
    mine,
    journal,
    witness,
  }: { readonly mine: readonly string[]; readonly journal: string; readonly witness: JournalWitness },
): Promise<void> {
  if (found.state === 'held') {
    if (!mine.includes(found.id) || found.journal !== journal) throw new ClaimedError(found, describe(found));
    if (await witness.contains(found.at)) return;
    throw new ClaimedError(found, `this journal is older than run ${found.run}, which went on from it`);
  }
  if (found.last === undefined || (await witness.contains(found.last))) return;
  throw new ClaimedError(
    found,
    `run ${found.run} was driven from another state directory, or this one is an older copy of its; go on from there`,
  );
}

function describe(found: OperatorDocument): string {
  return found.state === 'held'
    ? `${found.person}@${found.host} moves these loops since ${found.since} (run ${found.run})`
    : `run ${found.run} moved these loops last`;
}

function operatorPlace(world: World, signal: AbortSignal) {
  return { ...ownershipRef(world), ref: defaultOperatorRef, signal };
}

const idsSchema = z.array(z.string());

async function readIds(path: string): Promise<readonly string[]> {
  const text = await unlessAbsent(readFile(path, 'utf8'));
  return text === undefined ? [] : idsSchema.parse(JSON.parse(text));
}

async function writeIds(path: string, ids: readonly string[]): Promise<void> {
  await writeFileDurably(path, `${JSON.stringify(ids)}\n`, { mode: 0o600 });
}

async function inodeOf(path: string): Promise<string> {
  const { dev, ino } = await stat(path);
  return `${dev}:${ino}`;
}
