import { type DeployResult, runDeploy } from '../deploy.ts';
import { NoSuchGenerationError } from '../errors.ts';
import { type DeployOptions, resolveOptions } from '../options.ts';
import { openConnection } from '../target/connection.ts';
import type { Target } from '../target/target.ts';
import { type Generation, generations } from './generations.ts';

/** The generation to go back to, and the options of a deploy that concern activation. */
export interface RollbackOptions extends Omit<
  DeployOptions,
  'source' | 'buildOn' | 'evaluateOn' | 'substitute'
> {
  /** Number of the generation to go back to. Default: the newest before the active one whose system is another. */
  readonly to?: number | undefined;
}

/**
 * Makes an earlier generation the active one, with all the care of a deploy: it is confirmed, or undone. The profile goes back
 * to that generation itself; no copy of it is made.
 *
 * @throws {NoSuchGenerationError} the profile has no generation `to`, or no earlier one with another system.
 *
 * @example
 * const { system } = await rollback(target, { to: 41 });
 */
export async function rollback(
  target: Target,
  { to, ...options }: RollbackOptions = {},
): Promise<DeployResult> {
  const chosen = await choose(target, to, options);
  return await runDeploy(
    target,
    resolveOptions({ ...options, source: { storePath: chosen.system } }, { generation: chosen.number }),
  );
}

async function choose(
  target: Target,
  to: number | undefined,
  options: Omit<RollbackOptions, 'to'>,
): Promise<Generation> {
  await using connection = await openConnection(target, options.signal);
  const all = await generations(connection.host, options);
  const known = all.map(({ number }) => number).join(', ') || 'none';
  if (to !== undefined) {
    const wanted = all.find(({ number }) => number === to);
    if (wanted !== undefined) return wanted;
    throw new NoSuchGenerationError(
      target.name,
      `${target.name} has no generation ${to}; its generations: ${known}`,
    );
  }
  if (all.length === 0) {
    throw new NoSuchGenerationError(
      target.name,
      `${target.name} has no generations of the profile ${options.profile ?? 'system'} yet: nothing was deployed to it`,
    );
  }
  const active = all.find((generation) => generation.active);
  const before = all.findLast(
    ({ number, system }) => active !== undefined && number < active.number && system !== active.system,
  );
  if (before !== undefined) return before;
  throw new NoSuchGenerationError(
    target.name,
    `${target.name} has no other system before generation ${active?.number ?? '(none is active)'}; its generations: ${known}`,
  );
}
