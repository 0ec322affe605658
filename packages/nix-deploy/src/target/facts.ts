import { parseParts, type Part } from './parts.ts';

/** What a target is and what runs on it, read in one go. A field is `undefined` where the target could not say. */
export interface TargetFacts {
  readonly hostName: string;
  readonly machineId: string | undefined;
  /** Output of `nix --version`, e.g. `nix (Nix) 2.26.3`. */
  readonly nixVersion: string | undefined;
  /** What `nix --version` said, where it failed: a mistake in nix.conf, for instance. */
  readonly nixProblem: string | undefined;
  readonly uid: number;
  /** Whether commands can be run as root: by being it, or by `sudo -n`. */
  readonly root: boolean;
  /** There is a sudo. */
  readonly sudo: boolean;
  /** systemd runs, and can start units of ours. */
  readonly systemd: boolean;
  readonly systemdRun: boolean;
  /** Free bytes and inodes where the store is. */
  readonly storeFree: number | undefined;
  readonly storeInodesFree: number | undefined;
  /** Free bytes where the notes and logs of deploys are. */
  readonly stateFree: number | undefined;
  readonly bootFree: number | undefined;
  /** Files can be made in each of these places. */
  readonly writable: { readonly store: boolean; readonly state: boolean; readonly profiles: boolean };
  /** What holds the activation lock, in its own words. */
  readonly lockHolder: string | undefined;
  /** The process that holds the lock of switch-to-configuration, e.g. of a nixos-rebuild by hand. */
  readonly switchLockHolder: string | undefined;
  /** The active generation of the profile and the store path that it names. */
  readonly generation: number | undefined;
  readonly profileSystem: string | undefined;
  readonly currentSystem: string | undefined;
  readonly bootedSystem: string | undefined;
  /** Of the system that booted. */
  readonly bootedParts: readonly Part[];
}

/** Who holds a lock that keeps a deploy from beginning. */
export function lockHolderOf({ lockHolder, switchLockHolder }: TargetFacts): string | undefined {
  if (lockHolder !== undefined || switchLockHolder === undefined) return lockHolder;
  return `another switch-to-configuration (${switchLockHolder})`;
}

/** Reads what the script said. @param root whether it was said by root. */
export function parseFacts(said: string, root: boolean): TargetFacts {
  const values = new Map(
    said.split('\n').map((line): [string, string] => {
      const space = line.indexOf(' ');
      return [line.slice(0, space), line.slice(space + 1)];
    }),
  );
  const text = (name: string): string | undefined => {
    const value = values.get(name);
    return value === undefined || value === '' ? undefined : value;
  };
  const number = (name: string): number | undefined => {
    const value = text(name);
    return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
  };
  const uid = number('uid') ?? -1;
  return {
    hostName: text('hostName') ?? '',
    machineId: text('machineId'),
    nixVersion: text('nixVersion'),
    nixProblem: text('nixProblem'),
    uid,
    root: root && uid === 0,
    sudo: values.has('sudo'),
    systemd: values.has('systemd'),
    systemdRun: values.has('systemdRun'),
    storeFree: number('storeFree'),
    storeInodesFree: number('storeInodesFree'),
    stateFree: number('stateFree'),
    bootFree: number('bootFree'),
    writable: { store: values.has('store'), state: values.has('state'), profiles: values.has('profiles') },
    lockHolder: text('lockHolder'),
    switchLockHolder: text('switchLockHolder'),
    generation: number('generation'),
    profileSystem: text('profileSystem'),
    currentSystem: text('currentSystem'),
    bootedSystem: text('bootedSystem'),
    bootedParts: parseParts(said),
  };
}
