import type { Devices, InstanceConfig } from '../instances/config-types.ts';

/** A profile (`GET /1.0/profiles/{name}`). */
export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly config: InstanceConfig;
  readonly devices: Devices;
  readonly used_by: readonly string[];
  /** Its project; since 6.0. */
  readonly project: string;
}

/** What can be changed of a profile. */
export interface ProfileChange {
  readonly config?: InstanceConfig | undefined;
  readonly devices?: Devices | undefined;
  readonly description?: string | undefined;
}

/** A new profile. */
export interface ProfileCreate extends ProfileChange {
  readonly name: string;
}
