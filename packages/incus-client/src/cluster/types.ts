import type { StoragePoolResources } from '../storage/types.ts';

/** A cluster as one member sees it (`GET /1.0/cluster`). */
export interface Cluster {
  readonly server_name: string;
  readonly enabled: boolean;
  /** What a joining server is asked for. */
  readonly member_config: readonly ClusterMemberConfigKey[] | null;
}

/** A setting of one member, such as the disk of a pool. */
export interface ClusterMemberConfigKey {
  readonly entity: string;
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly description: string;
}

/** Forms a cluster of this server (`server_name` and `enabled` alone), joins one (with the rest), or leaves. */
export interface ClusterChange {
  readonly server_name: string;
  readonly enabled: boolean;
  readonly member_config?: readonly ClusterMemberConfigKey[] | undefined;
  readonly cluster_address?: string | undefined;
  /** PEM. */
  readonly cluster_certificate?: string | undefined;
  readonly cluster_token?: string | undefined;
  readonly server_address?: string | undefined;
}

/** A member of a cluster. */
export interface ClusterMember {
  readonly server_name: string;
  readonly url: string;
  readonly database: boolean;
  readonly status: string;
  readonly message: string;
  readonly architecture: string;
  readonly roles: readonly string[];
  readonly failure_domain: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
}

/** What can be changed of a member. */
export interface ClusterMemberChange {
  readonly roles?: readonly string[] | undefined;
  readonly failure_domain?: string | undefined;
  readonly description?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly groups?: readonly string[] | undefined;
}

/** A group of members, which instances may be targeted at (`@group`). */
export interface ClusterGroup {
  readonly name: string;
  readonly description: string;
  readonly members: readonly string[];
  readonly config?: Readonly<Record<string, string>>;
}

/** What can be changed of a group. */
export interface ClusterGroupChange {
  readonly description?: string | undefined;
  readonly members?: readonly string[] | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
}

/** A new group. */
export interface ClusterGroupCreate extends ClusterGroupChange {
  readonly name: string;
}

/** What a member has and uses (`GET /1.0/cluster/members/{name}/state`). */
export interface ClusterMemberState {
  readonly sysinfo: ClusterMemberSysinfo;
  readonly storage_pools: Readonly<Record<string, StoragePoolResources>>;
}

/** Bytes; `uptime` in seconds. */
export interface ClusterMemberSysinfo {
  readonly uptime: number;
  /** Over 1, 5 and 15 minutes. */
  readonly load_averages: readonly number[];
  readonly total_ram: number;
  readonly free_ram: number;
  readonly shared_ram: number;
  readonly buffered_ram: number;
  readonly total_swap: number;
  readonly free_swap: number;
  readonly processes: number;
}
