import { DeployOptionsError } from '../errors.ts';
import { profileName } from '../names.ts';

/** Where things are on a target. */
export interface TargetPaths {
  /** The profile, e.g. `/nix/var/nix/profiles/system`. */
  readonly profile: string;
  /** Logs and state of deploys. */
  readonly state: string;
  /** The link to the running system. */
  readonly current: string;
  /** The link to the system that booted. */
  readonly booted: string;
  /** Where boot loaders put kernels. */
  readonly boot: string;
}

/**
 * `system`, another name as nixos-rebuild's `--profile-name`, and an absolute path are understood.
 *
 * @throws {DeployOptionsError} the profile is none of them.
 */
export function targetPaths(profile: string = 'system', overrides: Partial<TargetPaths> = {}): TargetPaths {
  if (!profileName.test(profile)) {
    throw new DeployOptionsError(
      `${JSON.stringify(profile)} is neither the name of a profile nor an absolute path`,
    );
  }
  const path = profile.startsWith('/')
    ? profile
    : profile === 'system'
      ? '/nix/var/nix/profiles/system'
      : `/nix/var/nix/profiles/system-profiles/${profile}`;
  return {
    profile: path,
    state: '/var/lib/nix-deploy',
    current: '/run/current-system',
    booted: '/run/booted-system',
    boot: '/boot',
    ...overrides,
  };
}
