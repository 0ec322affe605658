import { formatSize } from '@cutover/foundation/size';

import type { Problem } from '../errors.ts';
import type { TargetFacts } from '../target/facts.ts';
import type { TargetPaths } from '../target/paths.ts';

/** What a deploy is going to ask of the target. */
export interface Requirements {
  readonly machineId: string | undefined;
  readonly hostName: string | undefined;
  readonly action: 'switch' | 'boot' | 'test' | 'dry-activate' | 'check';
  /** Free bytes that must be there, at least. */
  readonly storeFree: number;
  readonly bootFree: number;
  /** Commands are to become root through sudo. */
  readonly sudo: boolean;
}

/** What the notes and the log of a deploy may take. */
const stateBytes = 1024 * 1024;

/** All reasons not to begin, each with its fix; none when the list is empty. Pure. */
export function checkTarget(
  facts: TargetFacts,
  requirements: Requirements,
  paths: TargetPaths,
): readonly Problem[] {
  const problems: Problem[] = [];
  const unless = (holds: boolean, check: string, message: string, fix: string): void => {
    if (!holds) problems.push({ check, message, fix });
  };
  const { machineId, hostName, action } = requirements;
  unless(
    machineId === undefined || facts.machineId === machineId,
    'wrong-machine',
    `this is another machine: its machine-id is ${facts.machineId ?? 'missing'}, not ${machineId}`,
    'correct the address, or the declared machine-id if the machine was reinstalled',
  );
  unless(
    hostName === undefined || facts.hostName === hostName,
    'wrong-host-name',
    `this is another machine: its host name is ${facts.hostName}, not ${hostName}`,
    'correct the address, or declare the host name that it has now',
  );
  unless(
    facts.root || facts.sudo || !requirements.sudo,
    'no-sudo',
    `there is no sudo (uid ${facts.uid})`,
    'enable sudo there (security.sudo.enable), or connect as root; run0 and doas are not used in its place',
  );
  unless(
    facts.root || (requirements.sudo && !facts.sudo),
    'not-root',
    requirements.sudo
      ? `sudo -n is refused (uid ${facts.uid})`
      : `the connection is not root's (uid ${facts.uid})`,
    requirements.sudo
      ? 'allow the user to run commands through sudo without a password, or give the right one (--ask-sudo-password)'
      : 'connect as root, or deploy with sudo',
  );
  const version = nixVersion(facts.nixVersion);
  unless(
    facts.nixVersion !== undefined,
    'no-nix',
    facts.nixProblem === undefined ? 'there is no nix' : `nix does not run: ${facts.nixProblem}`,
    facts.nixProblem === undefined ? 'install Nix 2.8 or later' : 'correct what it complains of',
  );
  unless(
    version === undefined || version[0] > 2 || (version[0] === 2 && version[1] >= 8),
    'old-nix',
    `${facts.nixVersion} is too old`,
    'update Nix to 2.8 or later',
  );
  unless(
    facts.systemd || action === 'boot',
    'no-systemd',
    'systemd does not run, so nothing can be switched',
    'deploy with the action boot, and reboot',
  );
  unless(
    !facts.systemd || facts.systemdRun,
    'no-systemd-run',
    'there is no systemd-run to start the supervisor with',
    'install systemd’s own commands',
  );
  if (facts.root) {
    const { writable } = facts;
    unless(
      writable.store && writable.state && writable.profiles,
      'read-only',
      `the target is read-only: ${[
        [writable.store, '/nix'],
        [writable.profiles, paths.profile],
        [writable.state, paths.state],
      ]
        .flatMap(([can, place]) => (can === true ? [] : [place]))
        .join(', ')} cannot be written`,
      'mount it read-write; after an error of the disk, look at the kernel’s log first',
    );
  }
  unless(
    facts.storeFree === undefined || facts.storeFree >= requirements.storeFree,
    'store-full',
    `the store is full: ${formatSize(facts.storeFree ?? 0)} are free and ${formatSize(requirements.storeFree)} are needed`,
    'collect garbage (nix-deploy gc), or grow the disk',
  );
  unless(
    facts.storeInodesFree === undefined || facts.storeInodesFree === 0 || facts.storeInodesFree >= 1000,
    'store-inodes',
    `the store is full: ${facts.storeInodesFree} inodes are free`,
    'collect garbage (nix-deploy gc)',
  );
  unless(
    facts.stateFree === undefined || facts.stateFree >= stateBytes,
    'state-full',
    `${paths.state} is full: ${formatSize(facts.stateFree ?? 0)} are free and ${formatSize(stateBytes)} are needed to note what a deploy has to go back to`,
    'free some of its disk',
  );
  unless(
    facts.bootFree === undefined ||
      action === 'test' ||
      action === 'dry-activate' ||
      action === 'check' ||
      facts.bootFree >= requirements.bootFree,
    'boot-full',
    `${paths.boot} is full: ${formatSize(facts.bootFree ?? 0)} are free and ${formatSize(requirements.bootFree)} are needed`,
    'remove old generations (nix-deploy gc), then deploy again',
  );
  unless(
    facts.lockHolder === undefined,
    'locked',
    `another deploy is under way, by ${facts.lockHolder}`,
    'wait for it: the lock frees itself when it ends',
  );
  unless(
    facts.switchLockHolder === undefined,
    'locked',
    `another switch-to-configuration is under way (${facts.switchLockHolder})`,
    'wait for it, e.g. for the nixos-rebuild that runs it',
  );
  return problems;
}

/** `nix (Nix) 2.26.3`, `nix (Lix, like Nix) 2.91.1` → the first two numbers. */
export function nixVersion(text: string | undefined): readonly [number, number] | undefined {
  const found = /(\d+)\.(\d+)/.exec(text?.split(')').at(-1) ?? '');
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}
