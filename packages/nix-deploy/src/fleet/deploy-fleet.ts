import { HostConnectionError } from '@cutover/host';

import type { SharedBuilds } from '../build/shared-builds.ts';
import { type Evaluation, shareEvaluations, type SharedEvaluations } from '../build/shared-evaluations.ts';
import { type DeployResult, runDeploy } from '../deploy.ts';
import { DeployError, DeployOptionsError } from '../errors.ts';
import type { DeployEvent } from '../events.ts';
import { rollback } from '../history/rollback.ts';
import { type DeployOptions, resolveOptions } from '../options.ts';
import type { Target } from '../target/target.ts';
import { inParallel } from './in-parallel.ts';

/** One target of a fleet, with the options of its own deploy. */
export interface FleetMember {
  readonly target: Target;
  readonly options: DeployOptions;
}

/** In what order and how many at once targets are deployed to, and what a failure means for the others. */
export interface FleetOptions {
  /** How many deploys go on at once. Default 5. */
  readonly parallel?: number | undefined;
  /**
   * How many configurations of one flake are evaluated by one nix, where they are evaluated here. Default: as many as fit into
   * the free memory, at most 16; 1 evaluates each on its own.
   */
  readonly evaluateAtOnce?: number | undefined;
  /** Names of targets that come first; if one of them fails, no other is started. */
  readonly canaries?: readonly string[] | undefined;
  /** What a failure means for targets that were not started yet. Default `halt`. */
  readonly onFailure?: 'halt' | 'continue' | undefined;
  /** After a failure, those that succeeded go back to the generation that they had. Default `false`. */
  readonly revoke?: boolean | undefined;
  /**
   * A target that cannot be reached before anything is started is left out and is no failure, unless none of them can be. One
   * that answers with another host key, or refuses the login, is a failure.
   * Default `false`.
   */
  readonly skipUnreachable?: boolean | undefined;
  /** Gets what the deploys say; `target` says which. */
  readonly onEvent?: ((event: DeployEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of one target. */
export type FleetOutcome = { readonly target: string } & (
  | { readonly status: 'deployed' | 'unchanged'; readonly result: DeployResult }
  | { readonly status: 'failed'; readonly error: unknown }
  /** Left out, because it could not be reached and that was allowed; nothing was started there. */
  | { readonly status: 'unreachable'; readonly error: HostConnectionError }
  /** Not started, because another target had failed. */
  | { readonly status: 'skipped' }
  /** Deployed, and then rolled back. */
  | { readonly status: 'revoked'; readonly result: DeployResult }
  | { readonly status: 'revoke-failed'; readonly result: DeployResult; readonly error: unknown }
);

/** Some targets failed, or none could be reached: `outcomes` has one entry for each, in the order they were given. */
export class FleetError extends DeployError<'FLEET_FAILED'> {
  override readonly name = 'FleetError';
  readonly outcomes: readonly FleetOutcome[];

  constructor(outcomes: readonly FleetOutcome[]) {
    const away = outcomes.every(({ status }) => status === 'unreachable');
    const failed = outcomes.filter(({ status }) => away || status === 'failed' || status === 'revoke-failed');
    const names = failed.map(({ target }) => target).join(', ');
    super(
      { code: 'FLEET_FAILED', step: 'fleet', target: names },
      away
        ? `none of ${outcomes.length} targets can be reached: ${names}`
        : `${failed.length} of ${outcomes.length} targets failed: ${names}`,
      { cause: new AggregateError(failed.flatMap((one) => ('error' in one ? [one.error] : []))) },
    );
    this.outcomes = outcomes;
  }
}

/**
 * Deploys to several targets, the canaries first, the others in parallel.
 *
 * @returns one outcome per target, in the order they were given, when none failed.
 * @throws {FleetError} with the outcomes, when one did, or when none could be reached.
 *
 * @example
 * const members = membersOf(await loadDeployConfig('nix-deploy.yaml'), ['@web']);
 * const outcomes = await deployFleet(members, { canaries: ['web1'], revoke: true });
 */
export async function deployFleet(
  members: readonly FleetMember[],
  options: FleetOptions = {},
): Promise<readonly FleetOutcome[]> {
  const { parallel = 5, canaries = [], onFailure = 'halt', signal } = options;
  const names = new Set(members.map(({ target }) => target.name));
  if (names.size !== members.length)
    throw new DeployOptionsError('two targets of a fleet have the same name');
  const unknown = canaries.find((name) => !names.has(name));
  if (unknown !== undefined) throw new DeployOptionsError(`the canary ${unknown} is not one of the targets`);

  const outcomes = new Map<string, FleetOutcome>();
  const shared: Shared = {
    sharedBuilds: members.length > 1 ? new Map() : undefined,
    sharedEvaluations: shareEvaluations(members.flatMap(evaluationHere), {
      atOnce: options.evaluateAtOnce,
      signal,
    }),
  };
  let failed = false;
  const one = async ({ target, options: own }: FleetMember): Promise<void> => {
    const outcome = await attempt(target, own, options, shared);
    outcomes.set(target.name, outcome);
    if (outcome.status === 'failed') failed = true;
  };
  const first = members.filter(({ target }) => canaries.includes(target.name));
  const rest = members.filter(({ target }) => !canaries.includes(target.name));
  await inParallel(first, parallel, () => failed, one);
  const halted = (): boolean => failed && onFailure === 'halt';
  if (!failed) await inParallel(rest, parallel, halted, one);

  if (failed && options.revoke === true) {
    await inParallel(
      members,
      parallel,
      () => false,
      async ({ target, options: own }) => {
        const outcome = outcomes.get(target.name);
        if (outcome?.status === 'deployed')
          outcomes.set(target.name, await rollBack(target, withEvents(own, options), outcome.result));
      },
    );
  }
  signal?.throwIfAborted();
  const all = members.map(
    ({ target }): FleetOutcome => outcomes.get(target.name) ?? { target: target.name, status: 'skipped' },
  );
  const away = all.length > 0 && all.every(({ status }) => status === 'unreachable');
  if (failed || away) throw new FleetError(all);
  return all;
}

async function attempt(
  target: Target,
  own: DeployOptions,
  fleet: FleetOptions,
  shared: Shared,
): Promise<FleetOutcome> {
  const options = { ...withEvents(own, fleet), signal: fleet.signal ?? own.signal };
  let hasAnswered = false;
  const onAnswer = (): void => {
    hasAnswered = true;
  };
  try {
    const result = await runDeploy(target, resolveOptions(options, { ...shared, onAnswer }));
    return { target: target.name, status: result.changed ? 'deployed' : 'unchanged', result };
  } catch (error) {
    // Afterwards it is another host that is away, e.g. the builder, or a connection that was lost under way.
    if (fleet.skipUnreachable === true && !hasAnswered && isAway(error)) {
      return { target: target.name, status: 'unreachable', error };
    }
    return { target: target.name, status: 'failed', error };
  }
}

/** A machine that shows another key than it should, or refuses ours, is not off. */
function isAway(error: unknown): error is HostConnectionError {
  return (
    error instanceof HostConnectionError &&
    (error.code === 'CONNECTION_FAILED' || error.code === 'CONNECTION_LOST')
  );
}

/** What the deploys of a fleet have in common. */
interface Shared {
  readonly sharedBuilds: SharedBuilds | undefined;
  readonly sharedEvaluations: SharedEvaluations;
}

/** What a member evaluates here, where that is known before its target is asked. */
function evaluationHere({ options }: FleetMember): Evaluation[] {
  const { source, buildOn = 'target', evaluateOn = buildOn, engine = 'nix', expect, nixOptions } = options;
  if (!('flake' in source) || evaluateOn !== 'here' || engine !== 'nix') return [];
  const configuration = source.configuration ?? expect?.hostName;
  return configuration === undefined ? [] : [{ flake: source.flake, configuration, nixOptions }];
}

/** The options of one target, whose events the fleet sees as well. */
function withEvents(own: DeployOptions, fleet: FleetOptions): DeployOptions {
  return {
    ...own,
    onEvent: (event: DeployEvent) => {
      own.onEvent?.(event);
      fleet.onEvent?.(event);
    },
  };
}

async function rollBack(target: Target, own: DeployOptions, result: DeployResult): Promise<FleetOutcome> {
  try {
    const {
      source: _source,
      buildOn: _buildOn,
      evaluateOn: _evaluateOn,
      substitute: _substitute,
      ...options
    } = own;
    if (result.previousGeneration === undefined) {
      throw new Error(`${target.name} had no generation before this one to go back to`);
    }
    await rollback(target, { ...options, to: result.previousGeneration });
    return { target: target.name, status: 'revoked', result };
  } catch (error) {
    return { target: target.name, status: 'revoke-failed', result, error };
  }
}
