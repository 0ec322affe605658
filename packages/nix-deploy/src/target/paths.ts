import { basename } from 'node:path';

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

/** `system` and a path are both understood, as by nixos-rebuild's `--profile-name`. */
export function targetPaths(profile: string = 'system', overrides: Partial<TargetPaths> = {}): TargetPaths {
  const path = profile.startsWith('/')
    ? profile
    : profile === 'system'
      ? '/nix/var/nix/profiles/system'
      : `/nix/var/nix/profiles/system-profiles/${basename(profile)}`;
  return {
    profile: path,
    state: '/var/lib/nix-deploy',
    current: '/run/current-system',
    booted: '/run/booted-system',
    boot: '/boot',
    ...overrides,
  };
}
