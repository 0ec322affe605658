import { setTimeout as sleep } from 'node:timers/promises';

import { type Host, HostConnectionError } from '@cutover/host';

import { RebootProofError } from '../errors.ts';
import type { HealthCheck } from '../health/check.ts';
import { type CheckResult, runChecks } from '../health/run-checks.ts';
import { openConnection, reach } from '../target/connection.ts';
import type { TargetFacts } from '../target/facts.ts';
import { type TargetPaths, targetPaths } from '../target/paths.ts';
import { asRoot } from '../target/script.ts';
import { readFacts } from '../target/session.ts';
import type { Target } from '../target/target.ts';

export interface RebootProofOptions {
  /** The store path that must be booted and running; what the profile names without it. */
  readonly system?: string;
  readonly profile?: string;
  readonly sudo?: boolean;
  readonly healthChecks?: readonly HealthCheck[];
  /** Milliseconds from the reboot until all must be proven. Default 300,000. */
  readonly timeout?: number;
  /** How to reboot it, for instance from the outside. Default `systemctl reboot` on it. */
  readonly reboot?: (host: Host, signal?: AbortSignal) => Promise<void>;
  readonly paths?: Partial<Omit<TargetPaths, 'profile'>>;
  readonly onEvent?: (event: RebootEvent) => void;
  readonly signal?: AbortSignal;
}

export type RebootEvent =
  | { readonly type: 'rebooting'; readonly boot: string }
  | { readonly type: 'back'; readonly boot: string; readonly seconds: number }
  | ({ readonly type: 'health' } & CheckResult);

export interface RebootProof {
  readonly target: string;
  /** The identity of the boot before, and after: they differ. */
  readonly before: string;
  readonly after: string;
  /** The store path that booted and runs. */
  readonly system: string;
  /** From the reboot until everything was proven. */
  readonly seconds: number;
  readonly health: readonly CheckResult[];
}

/**
 * Reboots a target and proves that it came back as it should: the boot is another one, the system that booted and that
 * runs is the deployed one, and the health checks pass, all in time.
 *
 * @throws {RebootProofError} with every failure.
 */
export async function rebootProof(target: Target, options: RebootProofOptions = {}): Promise<RebootProof> {
  const { healthChecks = [], timeout = 300_000, signal, onEvent } = options;
  const paths = targetPaths(options.profile, options.paths);
  const privilege = { sudo: options.sudo ?? false };
  const before = await reboot(target, paths, options);
  const system = options.system ?? before.profileSystem;
  const began = performance.now();
  const deadline = began + timeout;

  for (;;) {
    signal?.throwIfAborted();
    try {
      await using host = await reach(target, deadline, signal);
      const facts = await readFacts(host, paths, privilege, signal);
      if (facts.boot !== before.boot) {
        onEvent?.({ type: 'back', boot: facts.boot, seconds: (performance.now() - began) / 1000 });
        const health = await runChecks(host, healthChecks, {
          deadline,
          ...(signal === undefined ? {} : { signal }),
          onResult: (result) => onEvent?.({ type: 'health', ...result }),
        });
        const after = await readFacts(host, paths, privilege, signal);
        const failures = judge(before, after, system, health);
        if (failures.length > 0) throw new RebootProofError(target.name, failures);
        return {
          target: target.name,
          before: before.boot,
          after: after.boot,
          system: after.bootedSystem ?? '',
          seconds: (performance.now() - began) / 1000,
          health,
        };
      }
      if (performance.now() > deadline) {
        throw new RebootProofError(target.name, ['it did not reboot: the boot is still the one before']);
      }
    } catch (error) {
      if (!(error instanceof HostConnectionError)) throw error;
      if (performance.now() + 1000 > deadline) {
        const seconds = Math.round(timeout / 1000);
        throw new RebootProofError(target.name, [`it was not reachable again within ${seconds} s`], {
          cause: error,
        });
      }
    }
    await sleep(300, undefined, signal === undefined ? {} : { signal });
  }
}

/** Asks for the reboot; that the connection is lost over it is as it should be. */
async function reboot(target: Target, paths: TargetPaths, options: RebootProofOptions): Promise<TargetFacts> {
  const { signal } = options;
  await using connection = await openConnection(target, signal);
  const privilege = { sudo: options.sudo ?? false };
  const before = await readFacts(connection.host, paths, privilege, signal);
  options.onEvent?.({ type: 'rebooting', boot: before.boot });
  try {
    if (options.reboot !== undefined) await options.reboot(connection.host, signal);
    else await connection.host.run(asRoot(['systemctl', 'reboot'], privilege), { timeout: 30_000 });
  } catch (error) {
    if (!(error instanceof HostConnectionError)) throw error;
  }
  return before;
}

function judge(
  before: TargetFacts,
  after: TargetFacts,
  system: string | undefined,
  health: readonly CheckResult[],
): string[] {
  const failures: string[] = [];
  if (after.boot === before.boot) failures.push('the boot is still the one before');
  if (system !== undefined && after.bootedSystem !== system) {
    failures.push(`it booted ${after.bootedSystem ?? 'no known system'}, not ${system}`);
  }
  if (system !== undefined && after.currentSystem !== system) {
    failures.push(`it runs ${after.currentSystem ?? 'no known system'}, not ${system}`);
  }
  for (const { check, ok, detail } of health) if (!ok) failures.push(`${check}: ${detail}`);
  return failures;
}
