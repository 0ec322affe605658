import { pause } from '../transport/pause.ts';
import type { IncusScope } from '../client.ts';
import { IncusApiError, IncusError, OperationError, OperationLostError } from '../errors.ts';
import { NotOursError } from './not-ours-error.ts';
import type { WaitOptions } from '../follow/operation-run.ts';
import type { Instance, InstanceCreate } from '../instances/types.ts';
import { isRunning } from '../instances/is-running.ts';
import { operationsOn } from '../operations-on.ts';

/** Configuration keys and values that mark an instance as ours, e.g. `{ 'user.cutover.runbook': 'cc-ci' }`. */
export type Label = Readonly<Record<`user.cutover.${string}`, string>>;

/** The instance, and how it came to be there. */
export interface EnsuredInstance {
  /** `created` by this call, or `adopted`: it was there and bears our label. */
  readonly outcome: 'created' | 'adopted';
  readonly instance: Instance;
  /** The id of the operation that made it, if this call did. */
  readonly operation: string | undefined;
}

/**
 * Makes an instance, or adopts the one of that name that bears our label, and starts it (a frozen one goes on) unless `start`
 * is `false`.
 * What an adopted one has besides is left as it is. One that is still being made, by a runner that died, is waited for.
 *
 * @throws {NotOursError} one of that name exists and does not bear the label.
 *
 * @example
 * const web = { name: 'web', source: { type: 'image', alias: 'debian-13' } } as const;
 * const { outcome } = await ensureInstance(incus, web, { 'user.cutover.owner': 'me' });
 */
export async function ensureInstance(
  client: IncusScope,
  wanted: InstanceCreate,
  label: Label,
  options: WaitOptions = {},
): Promise<EnsuredInstance> {
  const { start = true, ...create } = wanted;
  const { signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    const found = await find(client, wanted.name, signal);
    if (found !== undefined) {
      refuseForeign(found, label);
      await settle(client, wanted.name, options);
    }
    // What was being made when it was found may have failed since.
    const outcome = found === undefined ? 'created' : 'adopted';
    let there = found !== undefined;
    let operation: string | undefined;
    try {
      if (!there) {
        const made = client.instances.create({ ...create, config: { ...create.config, ...label } }, options);
        ({ id: operation } = await made.started);
        await made;
      }
      there = true;
      const instance = await client.instances.get(wanted.name, { signal });
      if (start && !isRunning(instance)) await startOnce(client, instance, options);
      return { outcome, instance: await client.instances.get(wanted.name, { signal }), operation };
    } catch (error) {
      if (attempt >= triesAfter(error, there)) throw error;
    }
    await pause(200, signal);
  }
}

/**
 * Sees to it that there is no instance of that name, stopping it first, by force. With a label, only ours is deleted.
 *
 * @throws {NotOursError} one of that name exists and does not bear the label.
 *
 * @example
 * await ensureAbsent(incus, 'web', { 'user.cutover.owner': 'me' });
 */
export async function ensureAbsent(
  client: IncusScope,
  name: string,
  label?: Label,
  options: WaitOptions = {},
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const instance = await find(client, name, options.signal);
    if (instance === undefined) return;
    if (label !== undefined) refuseForeign(instance, label);
    try {
      await settle(client, name, options);
      if (instance.status !== 'Stopped') await client.instances.stop(name, { ...options, force: true });
      if (!instance.ephemeral) await client.instances.delete(name, options);
    } catch (error) {
      // Another client may be making, starting, stopping or deleting it: look again.
      if (attempt >= triesAfter(error, true)) throw error;
    }
    await pause(attempt === 1 ? 0 : 200, options.signal);
  }
}

/**
 * How often to try again after an error that may come of another caller at work on the same instance. With `there` it existed
 * a moment ago: that it is gone, or in another state than it was (the daemon calls that a bad request), is that caller's doing.
 */
function triesAfter(error: unknown, there: boolean): number {
  if (!(error instanceof IncusError)) return 0;
  if (error.code === 'ALREADY_EXISTS' || error.code === 'BUSY') return 50;
  if (!there) return 0;
  if (error.code === 'NOT_FOUND') return 50;
  return ['BAD_REQUEST', 'OPERATION_FAILED', 'OPERATION_LOST'].includes(error.code) ? 5 : 0;
}

async function find(
  client: IncusScope,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Instance | undefined> {
  try {
    return await client.instances.get(name, { signal });
  } catch (error) {
    if (error instanceof IncusApiError && error.status === 404) return undefined;
    throw error;
  }
}

function refuseForeign(instance: Instance, label: Label): void {
  const ours = Object.entries(label).every(([key, value]) => instance.config[key] === value);
  if (!ours) throw new NotOursError(`instance ${instance.name}`, label);
}

/** Waits for the operations that are at work on an instance, however they end. */
async function settle(client: IncusScope, name: string, options: WaitOptions): Promise<void> {
  for (const { id } of await operationsOn(client, name, options.signal)) {
    try {
      await client.operations.wait(id, options);
    } catch (error) {
      const ended =
        error instanceof OperationError ||
        error instanceof OperationLostError ||
        (error instanceof IncusApiError && error.status === 404);
      if (!ended) throw error;
    }
  }
}

/** What is frozen goes on, as with the command's `start`. */
async function startOnce(
  client: IncusScope,
  { name, status }: Pick<Instance, 'name' | 'status'>,
  options: WaitOptions,
): Promise<void> {
  try {
    await client.instances.setState(
      name,
      { action: status === 'Frozen' ? 'unfreeze' : 'start', timeout: -1 },
      options,
    );
  } catch (error) {
    if (!isRunning(await client.instances.get(name, { signal: options.signal }))) throw error;
  }
}
