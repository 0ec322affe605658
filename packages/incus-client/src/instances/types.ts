import type { PullSource } from '../api/pull-source.ts';
import type { Devices, InstanceConfig } from './config-types.ts';

/** A container shares the kernel of its host, a virtual machine has its own. */
export type InstanceType = 'container' | 'virtual-machine';

/** What an instance is doing, in the words of the daemon. */
export type InstanceStatus =
  | 'Running'
  | 'Stopped'
  | 'Frozen'
  | 'Starting'
  | 'Stopping'
  | 'Aborting'
  | 'Freezing'
  | 'Thawed'
  | 'Error'
  | 'Ready';

/** An instance (`GET /1.0/instances/{name}`). */
export interface Instance {
  readonly name: string;
  readonly description: string;
  readonly type: InstanceType;
  readonly status: InstanceStatus;
  readonly status_code: number;
  readonly architecture: string;
  readonly config: InstanceConfig;
  readonly devices: Devices;
  /** `config` with what the profiles add. */
  readonly expanded_config: InstanceConfig;
  readonly expanded_devices: Devices;
  readonly profiles: readonly string[];
  readonly ephemeral: boolean;
  readonly stateful: boolean;
  readonly project: string;
  /** The cluster member it is on, or `none`. */
  readonly location: string;
  readonly created_at: string;
  readonly last_used_at: string;
}

/** An instance with its state, snapshots and backups (recursion 2). */
export interface InstanceFull extends Instance {
  readonly state: InstanceState | null;
  readonly snapshots: readonly InstanceSnapshot[] | null;
  readonly backups: readonly InstanceBackup[] | null;
}

/** What can be changed of an instance (`PUT`); `PATCH` takes any part of it. */
export interface InstanceChange {
  readonly architecture?: string | undefined;
  readonly config?: InstanceConfig | undefined;
  readonly devices?: Devices | undefined;
  readonly profiles?: readonly string[] | undefined;
  readonly ephemeral?: boolean | undefined;
  readonly description?: string | undefined;
}

/** What a new instance is made from. */
export type InstanceSource =
  | {
      readonly type: 'image';
      readonly alias: string;
      readonly server?: string | undefined;
      readonly protocol?: 'incus' | 'simplestreams' | 'oci' | undefined;
      readonly certificate?: string | undefined;
      readonly secret?: string | undefined;
      readonly project?: string | undefined;
    }
  | {
      readonly type: 'image';
      readonly fingerprint: string;
      readonly server?: string | undefined;
      readonly protocol?: 'incus' | 'simplestreams' | undefined;
      readonly certificate?: string | undefined;
      readonly secret?: string | undefined;
      readonly project?: string | undefined;
    }
  | { readonly type: 'image'; readonly properties: Readonly<Record<string, string>> }
  | {
      readonly type: 'copy';
      readonly source: string;
      readonly project?: string | undefined;
      readonly instance_only?: boolean | undefined;
      readonly refresh?: boolean | undefined;
      readonly refresh_exclude_older?: boolean | undefined;
      readonly allow_inconsistent?: boolean | undefined;
    }
  | (PullSource & {
      readonly 'base-image'?: string | undefined;
      readonly live?: boolean | undefined;
      readonly instance_only?: boolean | undefined;
      readonly refresh?: boolean | undefined;
    })
  | {
      readonly type: 'migration';
      readonly mode: 'push';
      readonly 'base-image'?: string | undefined;
      readonly live?: boolean | undefined;
      readonly instance_only?: boolean | undefined;
      readonly refresh?: boolean | undefined;
    }
  | { readonly type: 'none' };

/** A new instance (`POST /1.0/instances`). */
export interface InstanceCreate {
  readonly name: string;
  readonly source: InstanceSource;
  /** Default `container`. */
  readonly type?: InstanceType | undefined;
  readonly config?: InstanceConfig | undefined;
  readonly devices?: Devices | undefined;
  readonly profiles?: readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly ephemeral?: boolean | undefined;
  readonly architecture?: string | undefined;
  /** A size of the cloud's making, e.g. `c2-m2`. */
  readonly instance_type?: string | undefined;
  /** Start it at once. */
  readonly start?: boolean | undefined;
}

/** What an instance is doing (`GET /1.0/instances/{name}/state`). */
export interface InstanceState {
  readonly status: InstanceStatus;
  readonly status_code: number;
  readonly pid: number;
  /** Of a virtual machine without its agent: -1. */
  readonly processes: number;
  readonly cpu: InstanceStateCpu;
  /** When it was started; since the API extension `instance_state_started_at`. */
  readonly started_at?: string;
  /** What the agent of a virtual machine says of its system; since `instances_state_os_info`. */
  readonly os_info?: InstanceStateOsInfo | null;
  readonly memory: InstanceStateMemory;
  readonly disk: Readonly<Record<string, InstanceStateDisk>> | null;
  readonly network: Readonly<Record<string, InstanceStateNetwork>> | null;
}

/** Nanoseconds that it used, and that it may use in a second; since the API extension `instances_state_cpu_time`. */
export interface InstanceStateCpu {
  readonly usage: number;
  readonly allocated_time?: number;
}

/** The system in a virtual machine. */
export interface InstanceStateOsInfo {
  readonly os: string;
  readonly os_version: string;
  readonly kernel_version: string;
  readonly hostname: string;
  readonly fqdn: string;
}

/** Bytes. */
export interface InstanceStateMemory {
  readonly usage: number;
  readonly usage_peak: number;
  readonly total: number;
  readonly swap_usage: number;
  readonly swap_usage_peak: number;
}

/** Bytes. */
export interface InstanceStateDisk {
  readonly usage: number;
  readonly total: number;
}

/** One interface of an instance, as the guest has it. */
export interface InstanceStateNetwork {
  readonly addresses: readonly InstanceAddress[];
  readonly counters: Readonly<Record<string, number>>;
  readonly hwaddr: string;
  readonly host_name: string;
  readonly mtu: number;
  readonly state: string;
  readonly type: string;
}

/** One address of an interface. */
export interface InstanceAddress {
  readonly family: 'inet' | 'inet6';
  readonly address: string;
  readonly netmask: string;
  readonly scope: 'global' | 'link' | 'local';
}

/** A snapshot of an instance. */
export interface InstanceSnapshot {
  readonly name: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly last_used_at: string;
  readonly stateful: boolean;
  readonly ephemeral: boolean;
  readonly architecture: string;
  readonly config: InstanceConfig;
  readonly devices: Devices;
  readonly expanded_config: InstanceConfig;
  readonly expanded_devices: Devices;
  readonly profiles: readonly string[];
  /** Bytes; -1 where the pool cannot say. */
  readonly size: number;
}

/** A backup of an instance, kept by the daemon until it is deleted or expires. */
export interface InstanceBackup {
  readonly name: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly instance_only: boolean;
  readonly optimized_storage: boolean;
}

/** A change of state; see {@link InstancesArea.setState}. */
export interface InstanceStateChange {
  readonly action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze';
  /** Seconds for a clean shutdown; -1 waits for ever. */
  readonly timeout?: number | undefined;
  readonly force?: boolean | undefined;
  /** Keep or restore the memory of a stateful instance. */
  readonly stateful?: boolean | undefined;
}
