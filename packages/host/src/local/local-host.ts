import { createHost, type Host } from '@cutover/host-contract';

import { spawnLocally } from './spawn-locally.ts';

export interface LocalHostOptions {
  /** Default `localhost`. */
  readonly name?: string | undefined;
}

/**
 * This machine. Commands get this process's environment, user and working directory, and a process group of their
 * own; those still running when this process exits are ended.
 */
export function localHost({ name = 'localhost' }: LocalHostOptions = {}): Host {
  return createHost({ name, spawn: async (command) => await spawnLocally(name, command) });
}
