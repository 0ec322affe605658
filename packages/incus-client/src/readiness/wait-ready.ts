import { pause } from '../transport/pause.ts';
import type { IncusScope } from '../client.ts';
import { IncusApiError, IncusConnectionError, IncusError, OperationError } from '../errors.ts';
import { NotReadyError } from './not-ready-error.ts';
import type { InstanceState } from '../instances/types.ts';
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
 */
export async function waitReady(
  client: IncusScope,
  instance: string,
  conditions: ReadyConditions,
  { signal, timeout = 120_000, onProgress }: WaitReadyOptions = {},
): Promise<Readiness> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeout);
  const either = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  let seen: Readiness = {};
  const note = (more: Readiness) => {
    seen = { ...seen, ...more };
    onProgress?.(seen);
  };
  try {
    const context = { client, instance, conditions, note, signal: either };
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
        `was not ready within ${timeout} ms`,
        missing(conditions, seen),
        seen,
        { cause: error },
      );
    if (error instanceof Refusal)
      throw new NotReadyError(instance, error.message, missing(conditions, seen), seen);
    throw error;
  } finally {
    clearTimeout(timer);
    deadline.abort();
  }
}

interface Context {
  readonly client: IncusScope;
  readonly instance: string;
  readonly conditions: ReadyConditions;
  readonly note: (more: Readiness) => void;
  readonly signal: AbortSignal;
}

/** It will never be ready. */
class Refusal extends Error {}

/** Looks until `look` is satisfied. A guest that cannot be asked yet, and a server out of reach, are no answer. */
async function retry({ signal }: Context, look: () => Promise<boolean>): Promise<void> {
  for (;;) {
    try {
      if (await look()) return;
    } catch (error) {
      const passing =
        error instanceof IncusConnectionError ||
        error instanceof OperationError ||
        (error instanceof IncusApiError && error.status !== 404 && error.status !== 403);
      if (!passing || signal.aborted) throw error;
    }
    await pause(interval, signal);
  }
}

async function network({ client, instance, conditions, note, signal }: Context): Promise<boolean> {
  const state = await client.instances.state(instance, { signal });
  const ipv4 = address(state, 'inet', conditions.nic);
  const ipv6 = address(state, 'inet6', conditions.nic);
  note({ status: state.status, ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) });
  if (state.status === 'Error') throw new Refusal('is in status Error');
  if (state.status !== 'Running' && state.status !== 'Ready') return false;
  // A virtual machine has no processes to show (-1) before its agent is up.
  const needsAgent =
    conditions.agent ??
    (conditions.cloudInit !== undefined ||
      conditions.systemd !== undefined ||
      conditions.command !== undefined);
  if (needsAgent && state.processes < 0) return false;
  return (conditions.ipv4 !== true || ipv4 !== undefined) && (conditions.ipv6 !== true || ipv6 !== undefined);
}

function address(
  state: InstanceState,
  family: 'inet' | 'inet6',
  nic: string | undefined,
): string | undefined {
  for (const [name, { addresses, type }] of Object.entries(state.network ?? {})) {
    if (nic === undefined ? type === 'loopback' : name !== nic) continue;
    const found = addresses.find((candidate) => candidate.family === family && candidate.scope === 'global');
    if (found !== undefined) return found.address;
  }
  return undefined;
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
    agent: seen.status === 'Running' && (seen.cloudInit !== undefined || seen.systemd !== undefined),
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
