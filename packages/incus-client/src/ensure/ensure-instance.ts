import { pause } from '../transport/pause.ts';
import type { IncusScope } from '../client.ts';
import { IncusApiError, IncusError, OperationError, OperationLostError } from '../errors.ts';
import { NotOursError } from './not-ours-error.ts';
import type { WaitOptions } from '../follow/operation-run.ts';
import type { Instance, InstanceCreate } from '../instances/types.ts';

/** Configuration keys and values that mark an instance as ours, e.g. `{ 'user.cutover.runbook': 'cc-ci' }`. */
export type Label = Readonly<Record<`user.cutover.${string}`, string>>;

/** How often other callers may be at work on the same instance before this one gives up. */
const overtakenLimit = 100;

/** The instance, and how it came to be there. */
export interface EnsuredInstance {
  /** `created` by this call, or `adopted`: it was there and bears our label. */
  readonly outcome: 'created' | 'adopted';
  readonly instance: Instance;
}

/**
 * Makes an instance, or adopts the one of that name that bears our label, and starts it unless `start` is `false`.
 * What an adopted one has besides is left as it is. One that is still being made, by a runner that died, is waited for.
 *
 * @throws {NotOursError} one of that name exists and does not bear the label.
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
    try {
      if (found === undefined)
        await client.instances.create({ ...create, config: { ...create.config, ...label } }, options);
      const instance = await client.instances.get(wanted.name, { signal });
      if (start && instance.status !== 'Running') await startOnce(client, wanted.name, options);
      return { outcome, instance: await client.instances.get(wanted.name, { signal }) };
    } catch (error) {
      const overtaken =
        error instanceof IncusError &&
        (error.code === 'ALREADY_EXISTS' ||
          error.code === 'BUSY' ||
          (found !== undefined && error.code === 'NOT_FOUND'));
      if (!overtaken || attempt === overtakenLimit) throw error;
    }
    await pause(200, signal);
  }
}

/**
 * Sees to it that there is no instance of that name, stopping it first, by force. With a label, only ours is deleted.
 *
 * @throws {NotOursError} one of that name exists and does not bear the label.
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
      // Another client may be stopping or deleting it: look again.
      if (!(error instanceof IncusError) || attempt === 5) throw error;
    }
    await pause(attempt === 1 ? 0 : 200, options.signal);
  }
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
  for (const operation of await client.operations.list({ signal: options.signal })) {
    const concerns =
      operation.class === 'task' &&
      operation.status_code < 200 &&
      Object.values(operation.resources ?? {})
        .flat()
        .some((url) => isInstance(url, name));
    if (!concerns) continue;
    try {
      await client.operations.wait(operation.id, options);
    } catch (error) {
      const ended =
        error instanceof OperationError ||
        error instanceof OperationLostError ||
        (error instanceof IncusApiError && error.status === 404);
      if (!ended) throw error;
    }
  }
}

function isInstance(url: string, name: string): boolean {
  return url.split('?')[0] === `/1.0/instances/${encodeURIComponent(name)}`;
}

async function startOnce(client: IncusScope, name: string, options: WaitOptions): Promise<void> {
  try {
    await client.instances.start(name, options);
  } catch (error) {
    const { status } = await client.instances.get(name, { signal: options.signal });
    if (status !== 'Running') throw error;
  }
}
