/** Keys that people set on networks, for completion; any other key is as good. */
export type NetworkConfigKey =
  | 'bridge.external_interfaces'
  | 'bridge.mtu'
  | 'dns.domain'
  | 'dns.mode'
  | 'ipv4.address'
  | 'ipv4.dhcp'
  | 'ipv4.dhcp.ranges'
  | 'ipv4.firewall'
  | 'ipv4.nat'
  | 'ipv4.routing'
  | 'ipv6.address'
  | 'ipv6.nat'
  | 'network'
  | 'parent'
  | 'raw.dnsmasq'
  | 'security.acls'
  | 'vlan';

/** Configuration of a network: values are strings. */
export type NetworkConfig = Readonly<{ [Key in NetworkConfigKey]?: string } & Record<string, string>>;

/** The kinds of network that the daemon makes. */
export type NetworkType = 'bridge' | 'macvlan' | 'sriov' | 'ovn' | 'physical';

/** A network (`GET /1.0/networks/{name}`). */
export interface Network {
  readonly name: string;
  readonly description: string;
  /** {@link NetworkType}, or what the host's own interface is. */
  readonly type: string;
  /** Whether the daemon made it. */
  readonly managed: boolean;
  readonly status: string;
  readonly config: NetworkConfig;
  readonly locations: readonly string[] | null;
  readonly used_by: readonly string[] | null;
  readonly project: string;
}

/** What can be changed of a network. */
export interface NetworkChange {
  readonly config?: NetworkConfig | undefined;
  readonly description?: string | undefined;
}

/** A new network. */
export interface NetworkCreate extends NetworkChange {
  readonly name: string;
  /** Default `bridge`. */
  readonly type?: NetworkType | undefined;
}

/** What a network is doing (`GET /1.0/networks/{name}/state`). */
export interface NetworkState {
  readonly addresses: readonly {
    readonly family: string;
    readonly address: string;
    readonly netmask: string;
    readonly scope: string;
  }[];
  readonly counters: Readonly<Record<string, number>>;
  readonly hwaddr: string;
  readonly mtu: number;
  readonly state: string;
  readonly type: string;
  readonly bond: NetworkStateBond | null;
  readonly bridge: NetworkStateBridge | null;
  readonly vlan: NetworkStateVlan | null;
  readonly ovn: NetworkStateOvn | null;
}

/** What a bond is made of; delays and frequency in milliseconds. */
export interface NetworkStateBond {
  readonly mode: string;
  readonly transmit_policy: string;
  readonly up_delay: number;
  readonly down_delay: number;
  readonly mii_frequency: number;
  readonly mii_state: string;
  readonly lower_devices: readonly string[] | null;
}

/** A bridge and what hangs on it; the delay in hundredths of a second. */
export interface NetworkStateBridge {
  readonly id: string;
  readonly stp: boolean;
  readonly forward_delay: number;
  readonly vlan_default: number;
  readonly vlan_filtering: boolean;
  readonly upper_devices: readonly string[] | null;
}

/** A VLAN interface. */
export interface NetworkStateVlan {
  readonly lower_device: string;
  readonly vid: number;
}

/** An OVN network. */
export interface NetworkStateOvn {
  readonly chassis: string;
  readonly logical_router: string;
  readonly logical_switch: string;
  readonly uplink_ipv4: string;
  readonly uplink_ipv6: string;
}

/** An address that a network gave (`GET /1.0/networks/{name}/leases`). */
export interface NetworkLease {
  readonly hostname: string;
  readonly hwaddr: string;
  readonly address: string;
  readonly type: 'static' | 'dynamic' | 'gateway' | 'uplink';
  readonly location: string;
}

/** An address that the daemon gave (`GET /1.0/network-allocations`). */
export interface NetworkAllocation {
  /** With its length, e.g. `10.1.2.3/32`. */
  readonly addresses: string;
  readonly hwaddr: string;
  readonly nat: boolean;
  readonly type: 'instance' | 'network' | 'network-forward' | 'network-load-balancer' | 'uplink';
  /** The API path of what has it. */
  readonly used_by: string;
  /** Since Incus 6.x: the network it belongs to. */
  readonly network?: string;
}
