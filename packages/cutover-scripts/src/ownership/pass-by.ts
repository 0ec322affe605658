import { HostConnectionError } from '@cutover/host';
import type { Attestation } from '@cutover/loops';
import type { CheckResult, Evidence, Step, StepContext, StepDefinition } from '@cutover/runbook';
import { CutoverError } from '../errors.ts';
import type { World } from '../world/world.ts';
import { attestCommand, attestedOff } from './attestation.ts';

/** The old host does not answer, so what is there is unknown. Nothing was changed. */
export class OldHostSilentError extends CutoverError {
  override readonly name = 'OldHostSilentError';
  readonly code = 'OLD_HOST_SILENT';
  readonly host: string;

  constructor(world: World, problem: string, options: ErrorOptions) {
    const { name } = world.settings.old;
    super(
      `${name} does not answer, and ${problem}. Bring it back and resume; or, when it is off for certain: ` +
        `${attestCommand(world)}, then resume`,
      options,
    );
    this.host = name;
  }
}

/** Makes a step whose evidence is known without asking a host that is off. */
export type OffStepFactory<Found extends Evidence> = <Checked extends CheckResult<Found>>(
  definition: StepDefinition<World, Checked, Found>,
) => Step<World, Found>;

/**
 * Makes a step that looks at the old host, or changes something there: while a person's word that it is off counts, the step
 * is passed by. `found` says what is known without asking the host, for the steps that read it.
 */
export function onOldHost<Found extends Evidence>(
  found: (context: StepContext<World>) => Promise<Found>,
): OffStepFactory<Found> {
  return (definition) => {
    const check = definition.check?.bind(definition);
    const verify = definition.verify?.bind(definition);
    if (check === undefined) throw new TypeError(`step ${definition.id} has no check`);
    return {
      ...definition,
      check: (context) =>
        orPassedBy(
          context,
          () => check(context),
          () => found(context),
        ),
      ...(verify === undefined
        ? {}
        : {
            verify: async (context: StepContext<World>) => {
              const look = async () => ({ state: 'satisfied' as const, evidence: await verify(context) });
              return (await orPassedBy(context, look, () => found(context))).evidence;
            },
          }),
    };
  };
}

/** The answer of `look`, or what is `found` without it while a person attests that the old host is off. */
export async function orPassedBy<Result extends CheckResult>(
  context: StepContext<World>,
  look: () => Promise<Result>,
  found: () => Promise<Evidence>,
): Promise<Result | { readonly state: 'satisfied'; readonly evidence: Evidence }> {
  const { attested } = context;
  if (attested !== undefined) {
    const off = await attestedOff(context);
    if ('word' in off)
      return { state: 'satisfied', evidence: { ...(await found()), attested: { ...off.word } } };
  }
  return withAdvice(context, look);
}

/**
 * Looks, and says what to do when the old host does not answer.
 *
 * @throws {OldHostSilentError} it does not.
 */
export async function withAdvice<T>(context: StepContext<World>, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!isSilence(error, context.world)) throw error;
    const off = await attestedOff(context);
    const problem = 'problem' in off ? off.problem : 'it was silent only just now';
    throw new OldHostSilentError(context.world, problem, { cause: error });
  }
}

/** A person's word that the old host is off, where one counts now; without one given, nothing is asked. */
export async function offWord(
  context: StepContext<World>,
): Promise<{ readonly word: Attestation | undefined }> {
  if (context.attested === undefined) return { word: undefined };
  const off = await attestedOff(context);
  return { word: 'word' in off ? off.word : undefined };
}

/** Whether an error says that the old host, as root or as the rig's user, could not be asked. */
function isSilence(error: unknown, { old, oldRig }: World): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof HostConnectionError && [old.name, oldRig.name].includes(cause.host)) return true;
  return false;
}
