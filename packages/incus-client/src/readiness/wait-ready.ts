import { startTimer } from '@cutover/foundation/long-timer';
import { isOfClosedClient } from '../transport/closed-error.ts';
import { isMistrust } from '../transport/mistrust.ts';
import { pause } from '../transport/pause.ts';
import type { IncusScope } from '../client.ts';
import {
  IncusApiError,
  IncusConnectionError,
  IncusError,
  OperationError,
  OperationLostError,
} from '../errors.ts';
import { NotReadyError } from './not-ready-error.ts';
import { given } from '../api/given.ts';
import { isRunning } from '../instances/is-running.ts';
import { operationsOn } from '../operations-on.ts';
import { type Nic, addressOf, nicsOf } from './nics.ts';
import type { Readiness, ReadyConditions } from './conditions.ts';
import { cloudInitStatus, systemdStatus } from './guest-status.ts';
import { sshBanner } from './ssh-banner.ts';

/** How to wait until an instance is ready. */
export interface WaitReadyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for all conditions together. Default 120 000. */
  readonly timeout?: number | undefined;
  /** Called when more is known. */
  readonly onProgress?: ((seen: Readiness) => void) | undefined;
}

/** Addresses and a guest's daemons announce nothing that could be listened to: they are looked at this often, in milliseconds. */
const interval = 200;

/**
 * Waits until an instance is what `conditions` ask for.
 *
 * @throws {NotReadyError} the deadline passed, or it can no longer become ready: cloud-init ended in error, the instance
 * stopped. `seen` is the last that was known.
 *
 * @example
 * await waitReady(incus, 'web', { cloudInit: true }, { timeout: 300_000 });
 */
export async function waitReady(
  client: IncusScope,
  instance: string,
  conditions: ReadyConditions,
  { signal, timeout = 120_000, onProgress }: WaitReadyOptions = {},
): Promise<Readiness> {
  const deadline = new AbortController();
  using _timer = startTimer(timeout, () => deadline.abort());
  const either = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  let seen: Readiness = {};
  const note = (more: Readiness) => {
    seen = { ...seen, ...more };
    onProgress?.(seen);
  };
  const context: Context = {
    client,
    instance,
    conditions,
    note,
    nics: undefined,
    resting: 0,
    failure: undefined,
    signal: either,
  };
  try {
    await retry(context, () => network(context));
    await Promise.all([
      conditions.cloudInit !== undefined &&
        conditions.cloudInit !== false &&
        retry(context, () => cloudInit(context)),
      conditions.systemd !== undefined &&
        conditions.systemd !== false &&
        retry(context, () => systemd(context)),
      conditions.ssh !== undefined &&
        conditions.ssh !== false &&
        retry(context, () => ssh(context, () => seen)),
      conditions.command !== undefined && retry(context, () => command(context, conditions.command ?? [])),
    ]);
    return seen;
  } catch (error) {
    if (signal?.aborted !== true && deadline.signal.aborted && !(error instanceof NotReadyError))
      throw new NotReadyError(
        instance,
        `was not ready within ${timeout} ms${context.failure === undefined ? '' : ` (${context.failure.message})`}`,
        missing(conditions, seen),
        seen,
        { cause: context.failure ?? error },
      );
    if (error instanceof Refusal)
      throw new NotReadyError(instance, error.message, missing(conditions, seen), seen);
    throw error;
  } finally {
    deadline.abort();
  }
}

interface Context {
  readonly client: IncusScope;
  readonly instance: string;
  readonly conditions: ReadyConditions;
  readonly note: (more: Readiness) => void;
  /** Known from the first look on. */
  nics: readonly Nic[] | undefined;
  /** In how many looks in a row it did nothing. */
  resting: number;
  /** Why the last look could not be made, where that is so. */
  failure: IncusError | undefined;
  readonly signal: AbortSignal;
}

/** It will never be ready. */
class Refusal extends Error {}

/** Looks until `look` is satisfied. A guest that cannot be asked yet, and a server out of reach, are no answer. */
async function retry(context: Context, look: () => Promise<boolean>): Promise<void> {
  const { signal } = context;
  let failure: IncusError | undefined;
  for (;;) {
    try {
      if (await look()) return;
      if (context.failure === failure) context.failure = undefined;
    } catch (error) {
      const passing =
        (error instanceof IncusConnectionError && !isMistrust(error) && !isOfClosedClient(error)) ||
        error instanceof OperationError ||
        error instanceof OperationLostError ||
        (error instanceof IncusApiError && error.status !== 404 && error.status !== 403);
      if (!passing || signal.aborted) throw error;
      failure = error;
      context.failure = error;
    }
    await pause(interval, signal);
  }
}

async function network(context: Context): Promise<boolean> {
  const { client, instance, conditions, note, signal } = context;
  const state = await client.instances.state(instance, { signal });
  // A virtual machine has no processes to show (-1) before its agent is up.
  const agent = state.processes >= 0;
  context.nics ??= nicsOf(await client.instances.get(instance, { signal }), conditions.nic);
  const ipv4 = addressOf(state, 'inet', context.nics);
  const ipv6 = addressOf(state, 'inet6', context.nics);
  const nic = ipv4?.nic ?? ipv6?.nic;
  note({
    status: state.status,
    agent,
    ...given({ ipv4: ipv4?.address, ipv6: ipv6?.address, nic }),
  });
  if (!isRunning(state)) {
    await refuseResting(context, state.status);
    return false;
  }
  context.resting = 0;
  const needsAgent =
    conditions.agent ??
    (conditions.cloudInit !== undefined ||
      conditions.systemd !== undefined ||
      conditions.command !== undefined);
  if (needsAgent && !agent) return false;
  return (conditions.ipv4 !== true || ipv4 !== undefined) && (conditions.ipv6 !== true || ipv6 !== undefined);
}

/** So many looks in a row see an instance that is just restarted by someone who stops it first and starts it then. */
const restingLooks = 5;

/** Refuses an instance in a state that it does not leave by itself. */
async function refuseResting(context: Context, status: string): Promise<void> {
  const { client, instance, signal } = context;
  if (status === 'Error') throw new Refusal('is in status Error');
  if (status !== 'Stopped' && status !== 'Frozen') return;
  context.resting += 1;
  if (context.resting < restingLooks) return;
  if ((await operationsOn(client, instance, signal)).length > 0) context.resting = 0;
  else
    throw new Refusal(status === 'Stopped' ? 'is stopped; start it first' : 'is frozen; unfreeze it first');
}

async function cloudInit({ client, instance, conditions, note, signal }: Context): Promise<boolean> {
  const { status, errors } = await cloudInitStatus(client, instance, signal);
  note({ cloudInit: status, ...(errors.length > 0 && { cloudInitErrors: errors }) });
  if (status === 'done') return true;
  if (status === 'degraded' && conditions.cloudInit === 'degraded') return true;
  if (status === 'running') return false;
  throw new Refusal(`has cloud-init in state ${status}${errors.length > 0 ? `: ${errors.join('; ')}` : ''}`);
}

async function systemd({ client, instance, conditions, note, signal }: Context): Promise<boolean> {
  const status = await systemdStatus(client, instance, signal);
  note({ systemd: status });
  if (status === 'running' || (status === 'degraded' && conditions.systemd === 'degraded')) return true;
  if (status === 'degraded') throw new Refusal('has systemd in state degraded: some unit failed');
  if (status === 'absent') throw new Refusal('has no systemd');
  return false;
}

async function ssh({ conditions, note, signal }: Context, seen: () => Readiness): Promise<boolean> {
  const host = seen().ipv4 ?? seen().ipv6;
  if (host === undefined)
    throw new IncusError('BAD_REQUEST', 'the ssh condition needs ipv4 or ipv6 beside it');
  const banner = await sshBanner(host, typeof conditions.ssh === 'object' ? conditions.ssh.port : 22, signal);
  if (banner !== undefined) note({ ssh: banner });
  return banner !== undefined;
}

async function command({ client, instance, signal }: Context, argv: readonly string[]): Promise<boolean> {
  const { exitCode } = await client.exec.run(instance, argv, { signal });
  return exitCode === 0;
}

/** The conditions that were not met, by name. */
function missing(conditions: ReadyConditions, seen: Readiness): readonly string[] {
  const met: Readonly<Record<string, boolean>> = {
    agent: (seen.status === 'Running' || seen.status === 'Ready') && seen.agent === true,
    ipv4: seen.ipv4 !== undefined,
    ipv6: seen.ipv6 !== undefined,
    nic: seen.ipv4 !== undefined || seen.ipv6 !== undefined,
    cloudInit:
      seen.cloudInit === 'done' || (seen.cloudInit === 'degraded' && conditions.cloudInit === 'degraded'),
    systemd: seen.systemd === 'running' || (seen.systemd === 'degraded' && conditions.systemd === 'degraded'),
    ssh: seen.ssh !== undefined,
    command: false,
  };
  return Object.entries(conditions)
    .filter(([name, wanted]) => wanted !== undefined && wanted !== false && met[name] !== true)
    .map(([name]) => name);
}
