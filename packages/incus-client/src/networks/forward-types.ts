/** Ports of a forward, e.g. `80,8000-8010`, and where they lead. */
export interface NetworkForwardPort {
  readonly protocol: 'tcp' | 'udp';
  readonly listen_port: string;
  readonly target_address: string;
  /** The same ports without it. */
  readonly target_port?: string | undefined;
  readonly description?: string | undefined;
  /** Whether the target sees the network's address instead of the sender's; since `network_forward_snat`. */
  readonly snat?: boolean | undefined;
}

/** Traffic to one address led into a network. Named by its listen address. */
export interface NetworkForward {
  readonly listen_address: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly ports: readonly NetworkForwardPort[] | null;
  readonly location: string;
}

/** What can be changed of a forward. */
export interface NetworkForwardChange {
  readonly description?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly ports?: readonly NetworkForwardPort[] | null | undefined;
}

/** A new forward. */
export interface NetworkForwardCreate extends NetworkForwardChange {
  readonly listen_address: string;
}

/** Where traffic may be led. */
export interface LoadBalancerBackend {
  readonly name: string;
  readonly target_address: string;
  readonly target_port?: string | undefined;
  readonly description?: string | undefined;
}

/** Ports of a load balancer, e.g. `80,8000-8010`, and the names of the backends they lead to. */
export interface LoadBalancerPort {
  readonly protocol: 'tcp' | 'udp';
  readonly listen_port: string;
  readonly target_backend: readonly string[];
  readonly description?: string | undefined;
}

/** Traffic to one address spread over backends (OVN). Named by its listen address. */
export interface LoadBalancer {
  readonly listen_address: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly backends: readonly LoadBalancerBackend[] | null;
  readonly ports: readonly LoadBalancerPort[] | null;
  readonly location: string;
}

/** What can be changed of a load balancer. */
export interface LoadBalancerChange {
  readonly description?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly backends?: readonly LoadBalancerBackend[] | null | undefined;
  readonly ports?: readonly LoadBalancerPort[] | null | undefined;
}

/** A new load balancer. */
export interface LoadBalancerCreate extends LoadBalancerChange {
  readonly listen_address: string;
}

/** A network joined to another (OVN). */
export interface NetworkPeer {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly status: string;
  readonly type: 'local' | 'remote';
  readonly target_project?: string;
  readonly target_network?: string;
  readonly target_integration?: string;
  readonly used_by: readonly string[] | null;
}

/** What can be changed of a peering. */
export interface NetworkPeerChange {
  readonly description?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
}

/** A new peering; it is in force once the other side has made its own. */
export interface NetworkPeerCreate extends NetworkPeerChange {
  readonly name: string;
  readonly type?: 'local' | 'remote' | undefined;
  readonly target_project?: string | undefined;
  readonly target_network?: string | undefined;
  readonly target_integration?: string | undefined;
}
