import { HostConnectionError } from '@cutover/host';
import { IncusApiError, IncusConnectionError } from '@cutover/incus-client';
import type { LastOwner } from '@cutover/loops';
import type { CheckResult, Evidence, StepContext } from '@cutover/runbook';
import { forgeName } from '../forge/settings.ts';
import { CutoverError } from '../errors.ts';
import type { OffStepFactory } from '../ownership/pass-by.ts';
import type { World } from '../world/world.ts';

/** The new host does not answer, and its instance is not stopped: its loops may run. Nothing was changed. */
export class NewHostSilentError extends CutoverError {
  override readonly name = 'NewHostSilentError';
  readonly code = 'NEW_HOST_SILENT';
  readonly host: string;

  constructor({ settings: { name, incus } }: World, state: LastOwner['instance'], options: ErrorOptions) {
    super(
      `${name} does not answer, and its instance is ${state}. Bring it back, or give it up: ` +
        `\`incus stop --force --project ${incus.project} ${name}\`. Then resume; its disk keeps what was not pushed`,
      options,
    );
    this.host = name;
  }
}

/** What Incus says of the new host's instance; one that is gone is stopped, and no answer is `not asked`. */
export async function instanceState(world: World, signal: AbortSignal): Promise<LastOwner['instance']> {
  try {
    const incus = await world.incus(signal);
    const { status } = await incus.instances.state(world.settings.name, { signal });
    return status === 'Stopped' ? 'stopped' : status === 'Frozen' ? 'frozen' : 'running';
  } catch (error) {
    if (error instanceof IncusConnectionError) return 'not asked';
    // A project that is not there says nothing of an instance: the config may name another one by now.
    if (error instanceof IncusApiError && error.status === 404 && /instance not found/i.test(error.message))
      return 'stopped';
    throw error;
  }
}

/**
 * Asks the new host; where it does not answer, asks Incus about its instance.
 *
 * @returns what `look` answers, or the instance that is given up: one that is stopped, or that no one can ask about. Its lease
 * is then waited for before anything is granted.
 * @throws {NewHostSilentError} the instance is there and not stopped.
 */
export async function orGivenUp<T>(
  world: World,
  look: () => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly answer: T } | { readonly instance: 'stopped' | 'not asked' }> {
  try {
    return { answer: await look() };
  } catch (error) {
    signal.throwIfAborted();
    const instance = await instanceState(world, signal);
    if (instance === 'stopped') return { instance };
    if (!isSilence(error, world)) throw error;
    if (instance === 'not asked') return { instance };
    throw new NewHostSilentError(world, instance, { cause: error });
  }
}

/** Makes a step of the way back that looks at the new host: one that was given up has nothing left to be looked at. */
export function unlessGivenUp<Found extends Evidence>(
  found: (context: StepContext<World>) => Found,
): OffStepFactory<Found> {
  return (definition) => {
    const check = definition.check?.bind(definition);
    if (check === undefined) throw new TypeError(`step ${definition.id} has no check`);
    return {
      ...definition,
      async check(context): Promise<CheckResult> {
        const asked = await orGivenUp(context.world, () => check(context), context.signal);
        if ('answer' in asked) return asked.answer;
        return { state: 'satisfied', evidence: { ...found(context), instance: asked.instance } };
      },
    };
  };
}

/** Whether an error says that the new host, or the way to it through Incus, could not be asked. */
function isSilence(error: unknown, { settings, old, oldRig }: World): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof IncusConnectionError) return true;
    if (cause instanceof HostConnectionError)
      return ![old.name, oldRig.name, forgeName(settings.forge)].includes(cause.host);
  }
  return false;
}
