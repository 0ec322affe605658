import { setTimeout as sleep } from 'node:timers/promises';

import { bootIdentity, CommandError, type Host, HostConnectionError, HostError } from '@cutover/host';

import { LockedError, NoSuchGenerationError, RebootProofError } from '../errors.ts';
import type { HealthCheck } from '../health/check.ts';
import { type CheckResult, runChecks } from '../health/run-checks.ts';
import { openConnection, reach } from '../target/connection.ts';
import { lockHolderOf, type TargetFacts } from '../target/facts.ts';
import { type TargetPaths, targetPaths } from '../target/paths.ts';
import { asRoot } from '../target/script.ts';
import { readFacts } from '../target/session.ts';
import type { Target } from '../target/target.ts';

/** What has to run after the reboot, and within what time. */
export interface RebootProofOptions {
  /** The store path that must be booted and running. Default: the active generation's. */
  readonly system?: string | undefined;
  /**
   * The identity of the boot before the reboot (`bootIdentity` of the host), when an earlier, interrupted proof may have
   * rebooted the target already: it is rebooted only while it still runs that boot.
   */
  readonly bootBefore?: string | undefined;
  readonly profile?: string | undefined;
  readonly sudo?: boolean | undefined;
  readonly healthChecks?: readonly HealthCheck[] | undefined;
  /** Milliseconds from the reboot until all must be proven. Default 300,000. */
  readonly timeout?: number | undefined;
  /** How to reboot it, for instance from the outside. Default `systemctl reboot` on it. */
  readonly reboot?: ((host: Host, signal?: AbortSignal) => Promise<void>) | undefined;
  readonly paths?: Partial<Omit<TargetPaths, 'profile'>> | undefined;
  /** Gets what the proof has seen, in order. */
  readonly onEvent?: ((event: RebootEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a reboot proof says while it goes on. `boot`: the identity of a boot; `seconds`: since the reboot was asked for. */
export type RebootEvent =
  | { readonly type: 'rebooting'; readonly boot: string }
  | { readonly type: 'back'; readonly boot: string; readonly seconds: number }
  | ({ readonly type: 'health' } & CheckResult);

/** What a reboot has proven. */
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
 * @throws {LockedError} a deploy is under way; nothing was rebooted.
 * @throws {NoSuchGenerationError} nothing says what has to boot: `system` is not given, and the profile has no generation; nothing
 *   was rebooted.
 *
 * @example
 * const { system, seconds } = await rebootProof(target, {
 *   healthChecks: [{ type: 'units', units: ['nginx.service'] }],
 * });
 */
export async function rebootProof(target: Target, options: RebootProofOptions = {}): Promise<RebootProof> {
  const { healthChecks = [], timeout = 300_000, signal, onEvent } = options;
  const paths = targetPaths(options.profile, options.paths);
  const privilege = { sudo: options.sudo ?? false };
  const before = await reboot(target, paths, options);
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const deadline = began + timeout;

  for (;;) {
    signal?.throwIfAborted();
    try {
      await using host = await reach(target, deadline, signal);
      const boot = await bootIdentity(host, { signal });
      if (boot !== before.boot) {
        onEvent?.({ type: 'back', boot, seconds: seconds() });
        const health = await runChecks(host, healthChecks, {
          deadline,
          signal,
          onResult: (result) => onEvent?.({ type: 'health', ...result }),
        });
        const facts = await readFacts(host, paths, privilege, signal);
        const failures = judge(facts, before.system, health);
        if (failures.length > 0) throw new RebootProofError(target.name, failures);
        return {
          target: target.name,
          before: before.boot,
          after: boot,
          system: before.system,
          seconds: seconds(),
          health,
        };
      }
      if (performance.now() > deadline) {
        throw new RebootProofError(target.name, ['it did not reboot: the boot is still the one before']);
      }
    } catch (error) {
      // A host that goes down, or is not up yet, also fails or ends the commands that ask it: that says nothing.
      if (!(error instanceof HostError) || signal?.aborted === true) throw error;
      if (performance.now() + 1000 > deadline) {
        const limit = Math.round(timeout / 1000);
        throw new RebootProofError(target.name, [`it was not reachable again within ${limit} s`], {
          cause: error,
        });
      }
    }
    await sleep(300, undefined, { signal });
  }
}

interface BeforeReboot {
  readonly boot: string;
  /** What must boot. */
  readonly system: string;
}

/** Asks for the reboot, unless it has happened; the connection is expected to be lost over it. */
async function reboot(
  target: Target,
  paths: TargetPaths,
  options: RebootProofOptions,
): Promise<BeforeReboot> {
  const { signal, bootBefore } = options;
  await using connection = await openConnection(target, signal);
  const { host } = connection;
  const privilege = { sudo: options.sudo ?? false };
  const facts = await readFacts(host, paths, privilege, signal);
  const system = options.system ?? facts.profileSystem ?? throwNoSystem(target, paths);
  const boot = await bootIdentity(host, { signal });
  if (bootBefore !== undefined && bootBefore !== boot) return { boot: bootBefore, system };
  // A deploy that is under way would be cut off, that of another operator too.
  const holder = lockHolderOf(facts);
  if (holder !== undefined) throw new LockedError(target.name, holder);
  options.onEvent?.({ type: 'rebooting', boot });
  try {
    if (options.reboot !== undefined) await options.reboot(host, signal);
    else await host.run(asRoot(['systemctl', 'reboot'], privilege), { timeout: 30_000 });
  } catch (error) {
    // The reboot itself may end the command that asks for it.
    const cutOff = error instanceof CommandError && error.result.signal !== undefined;
    if (!cutOff && !(error instanceof HostConnectionError)) throw error;
  }
  return { boot, system };
}

/** @throws {NoSuchGenerationError} */
function throwNoSystem({ name }: Target, { profile }: TargetPaths): never {
  throw new NoSuchGenerationError(
    name,
    `nothing says what ${name} has to boot: the profile ${profile} has no generation; nothing was rebooted`,
  );
}

function judge(
  { bootedSystem, currentSystem }: TargetFacts,
  system: string,
  health: readonly CheckResult[],
): string[] {
  const failures: string[] = [];
  if (bootedSystem !== system) {
    failures.push(`it booted ${bootedSystem ?? 'no known system'}, not ${system}`);
  }
  if (currentSystem !== system) {
    failures.push(`it runs ${currentSystem ?? 'no known system'}, not ${system}`);
  }
  for (const { check, ok, detail } of health) if (!ok) failures.push(`${check}: ${detail}`);
  return failures;
}
