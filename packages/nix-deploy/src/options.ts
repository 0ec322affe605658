import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';

import type { Place } from './build/places.ts';
import { DeployOptionsError } from './errors.ts';
import type { SharedBuilds } from './build/shared-builds.ts';
import type { SharedEvaluations } from './build/shared-evaluations.ts';
import type { DeployEvent } from './events.ts';
import type { HealthCheck } from './health/check.ts';
import type { NixOptions } from './nix/arguments.ts';
import { specialisationName, storePathPattern } from './names.ts';
import type { Source } from './source.ts';
import { type TargetPaths, targetPaths } from './target/paths.ts';

/** What evaluates and builds a flake: `nix build`, or `nixos-rebuild build`. */
export type Engine = 'nix' | 'nixos-rebuild';

/**
 * What a deploy does with the built system, as the actions of `nixos-rebuild` of these names do; see `DeployOptions.action`.
 */
export type Action = 'switch' | 'boot' | 'test' | 'dry-activate' | 'check';

/** What to deploy, where it is built, and what must hold before it is confirmed. */
export interface DeployOptions {
  readonly source: Source;
  /**
   * `switch`: activate, and boot from it. `boot`: boot from it next time. `test`: activate only.
   * `dry-activate`: say what would be done. `check`: run the pre-switch checks only. Default `switch`.
   */
  readonly action?: Action | undefined;
  /** `system`, another name as nixos-rebuild's `--profile-name`, or a path. Default `system`. */
  readonly profile?: string | undefined;
  /** Activates this specialisation of the system; what boots is the system itself. */
  readonly specialisation?: string | undefined;
  /** Where it is built: on the target (the default), on this machine, or on another one. */
  readonly buildOn?: Place | undefined;
  /** Where the flake is evaluated. Default: where it is built. */
  readonly evaluateOn?: Place | undefined;
  /**
   * What evaluates and builds a flake: `nix`, or `nixos-rebuild build` where it is built, which takes its own options through
   * `nixOptions`. Activation, confirmation and restoration are the same. Default `nix`.
   */
  readonly engine?: Engine | undefined;
  /** The target fetches from its binary caches what it can, before the rest is copied to it. Default `false`. */
  readonly substitute?: boolean | undefined;
  /**
   * Refuse a closure that bears no signature of a key which the target trusts. Without this what is copied needs none, for
   * it is imported as root. Default `false`.
   */
  readonly requireSignatures?: boolean | undefined;
  /** Commands become root through `sudo -n`. Default `false`: the connection is root's. */
  readonly sudo?: boolean | undefined;
  /** What the target must be, checked before anything else. */
  readonly expect?:
    | { readonly machineId?: string | undefined; readonly hostName?: string | undefined }
    | undefined;
  /** What must hold, on a fresh connection, before the deploy is confirmed. */
  readonly healthChecks?: readonly HealthCheck[] | undefined;
  /** Milliseconds after the activation until the target restores itself. Default 60,000; health checks fit inside it. */
  readonly confirmTimeout?: number | undefined;
  /** Milliseconds that the activation may take. Default 600,000. */
  readonly activationTimeout?: number | undefined;
  /** Write the boot loader itself again, not only its entries (`NIXOS_INSTALL_BOOTLOADER`). Default `false`. */
  readonly installBootLoader?: boolean | undefined;
  /** Activate even when nothing differs. Default `false`. */
  readonly force?: boolean | undefined;
  /**
   * Units that connections may stand on, e.g. `tailscaled.service`, and that the deploy may stop for good. A deploy that would
   * stop another one is refused.
   */
  readonly mayStop?: readonly string[] | undefined;
  /**
   * Switch inhibitors of the system, by their names as `plan` tells them, that have changed and are to be passed over. It is
   * refused where one that is not named has changed, or another pre-switch check fails.
   */
  readonly overrideInhibitors?: readonly string[] | undefined;
  /** Free bytes that must be there before it begins. Defaults 256 MiB and 32 MiB. */
  readonly minFree?: { readonly store?: number | undefined; readonly boot?: number | undefined } | undefined;
  readonly nixOptions?: NixOptions | undefined;
  /** Who deploys, as a second one is told. Default user, machine and process. */
  readonly holder?: string | undefined;
  /** Where things are on the target, for machines that are not laid out as NixOS. */
  readonly paths?: Partial<Omit<TargetPaths, 'profile'>> | undefined;
  /** Gets what the deploy says while it goes on. */
  readonly onEvent?: ((event: DeployEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The options with every default in its place. */
export interface Settings extends DeployOptions {
  readonly action: Action;
  readonly buildOn: Place;
  readonly engine: Engine;
  readonly sudo: boolean;
  readonly healthChecks: readonly HealthCheck[];
  readonly confirmTimeout: number;
  readonly activationTimeout: number;
  readonly force: boolean;
  readonly mayStop: readonly string[];
  readonly overrideInhibitors: readonly string[];
  readonly installBootLoader: boolean;
  readonly holder: string;
  readonly targetPaths: TargetPaths;
  /** The generation that the profile is switched to. Default: a new one is made. */
  readonly generation: number | undefined;
  /** Of the fleet that this deploy is one of. */
  readonly sharedBuilds: SharedBuilds | undefined;
  readonly sharedEvaluations: SharedEvaluations | undefined;
  /** Is told when the target has answered. */
  readonly onAnswer: (() => void) | undefined;
  /** Names this deploy and no other: the unit, the log, and the confirmation are its own. */
  readonly id: string;
}

/** What is not the user's to say: of a rollback, and of the fleet that a deploy is one of. */
interface SettingsOfFleet {
  readonly generation?: number | undefined;
  readonly sharedBuilds?: SharedBuilds | undefined;
  readonly sharedEvaluations?: SharedEvaluations | undefined;
  readonly onAnswer?: (() => void) | undefined;
}

/**
 * The options with their defaults, checked.
 *
 * @throws {DeployOptionsError} an option that has an impossible value or contradicts another.
 */
export function resolveOptions(
  options: DeployOptions,
  { generation, sharedBuilds, sharedEvaluations, onAnswer }: SettingsOfFleet = {},
): Settings {
  const { confirmTimeout = 60_000, activationTimeout = 600_000, specialisation } = options;
  const { buildOn = 'target', engine = 'nix' } = options;
  if (engine === 'nixos-rebuild' && (options.evaluateOn ?? buildOn) !== buildOn) {
    throw new DeployOptionsError('nixos-rebuild evaluates where it is run: leave evaluateOn out');
  }
  for (const [name, value] of Object.entries({ confirmTimeout, activationTimeout })) {
    if (!(Number.isFinite(value) && value >= 1000))
      throw new DeployOptionsError(`${name} is at least 1000 ms, not ${value}`);
  }
  if (specialisation !== undefined && !specialisationName.test(specialisation)) {
    throw new DeployOptionsError(`${JSON.stringify(specialisation)} cannot be the name of a specialisation`);
  }
  if ('flake' in options.source && options.source.flake.includes('#')) {
    throw new DeployOptionsError(
      `${JSON.stringify(options.source.flake)} is more than a flake: name what comes after # as the configuration`,
    );
  }
  if ('storePath' in options.source && !storePathPattern.test(options.source.storePath)) {
    throw new DeployOptionsError(`${JSON.stringify(options.source.storePath)} is not a store path`);
  }
  return {
    ...options,
    action: options.action ?? 'switch',
    buildOn,
    engine,
    sudo: options.sudo ?? false,
    healthChecks: options.healthChecks ?? [],
    confirmTimeout,
    activationTimeout,
    force: options.force ?? false,
    mayStop: options.mayStop ?? [],
    overrideInhibitors: options.overrideInhibitors ?? [],
    installBootLoader: options.installBootLoader ?? false,
    holder: (options.holder ?? `${userInfo().username}@${hostname()} (process ${process.pid})`).replace(
      /\s+/g,
      ' ',
    ),
    targetPaths: targetPaths(options.profile, options.paths),
    generation,
    sharedBuilds,
    sharedEvaluations,
    onAnswer,
    id: randomBytes(8).toString('hex'),
  };
}
