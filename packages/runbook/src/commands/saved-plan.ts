import { readFile, writeFile } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';
import { UsageError } from '../engine/errors.ts';
import type { Plan } from '../engine/plan.ts';
import type { Runbook } from '../engine/runbook.ts';
import { movedFacts, type WorldFacts, WorldMovedError } from '../engine/world-facts.ts';

/** A plan as it was reviewed, with the world that it was reviewed in. */
interface SavedPlan {
  readonly saved: string;
  readonly plan: string;
  readonly world: WorldFacts;
}

/** Keeps a plan in a file, with what the world is now. An earlier file of that name is replaced. */
export async function savePlan(file: string, { hash }: Plan, world: WorldFacts): Promise<void> {
  const saved: SavedPlan = { saved: new Date().toISOString(), plan: hash, world };
  await writeFile(file, `${JSON.stringify(saved, null, 2)}\n`, { mode: 0o600 });
}

/** Whether `--plan` names a file: anything that is not the beginning of a hash. */
export function isSavedPlan(plan: string): boolean {
  return !/^[0-9a-f]{1,64}$/.test(plan);
}

/** How `--plan` names a file: one that is called like a hash is named by its folder too. */
export function planFile(file: string): string {
  return isSavedPlan(file) ? file : `./${file}`;
}

/**
 * The hash of a saved plan.
 *
 * @param begun whether something of it was done already: the world has moved then, and rightly.
 * @throws {WorldMovedError} the world is no longer what it was when the plan was saved.
 */
export async function acceptSavedPlan<World>(
  file: string,
  runbook: Runbook<World>,
  begun: boolean,
  signal: AbortSignal,
): Promise<string> {
  const saved = await readSavedPlan(file);
  if (begun) return saved.plan;
  const moved = movedFacts(saved.world, (await runbook.standsOn?.(signal)) ?? {});
  if (moved.length > 0) throw new WorldMovedError(file, moved);
  return saved.plan;
}

async function readSavedPlan(file: string): Promise<SavedPlan> {
  try {
    const read: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isPlan(read)) return read;
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR') && !(error instanceof SyntaxError)) throw error;
    if (isErrno(error, 'ENOENT', 'ENOTDIR'))
      throw new UsageError(
        `--plan ${file} is neither a hash nor a file; make one with \`plan --save ${file}\``,
      );
  }
  throw new UsageError(`${file} is not a plan that \`plan --save\` wrote`);
}

function isPlan(value: unknown): value is SavedPlan {
  return (
    typeof value === 'object' &&
    value !== null &&
    'plan' in value &&
    typeof value.plan === 'string' &&
    'world' in value &&
    typeof value.world === 'object' &&
    value.world !== null
  );
}
