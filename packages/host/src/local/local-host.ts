import { createHost, type Host } from '@cutover/host-contract';

import { spawnLocally } from './spawn-locally.ts';

/** What this machine is called in messages and evidence. */
export interface LocalHostOptions {
  /** Default `localhost`. */
  readonly name?: string | undefined;
}

/**
 * This machine. Commands get this process's environment, user and working directory, and a process group of their
 * own; those still running when this process exits are ended, as far as they are this user's: one of `sudo` goes on.
 *
 * @example
 * const { stdout } = await localHost().run(['uname', '-r']);
 */
export function localHost({ name = 'localhost' }: LocalHostOptions = {}): Host {
  return createHost({ name, spawn: async (command) => await spawnLocally(name, command) });
}
