import { type NamedResources, type RenamableResources, namedResources } from '../resource/named-resources.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import type { AddressSet, AddressSetChange, AddressSetCreate } from './address-set-types.ts';
import type { NetworkAcl, NetworkAclChange, NetworkAclCreate } from './acl-types.ts';
import type {
  LoadBalancer,
  LoadBalancerChange,
  LoadBalancerCreate,
  NetworkForward,
  NetworkForwardChange,
  NetworkForwardCreate,
  NetworkPeer,
  NetworkPeerChange,
  NetworkPeerCreate,
} from './forward-types.ts';
import type {
  Network,
  NetworkAllocation,
  NetworkChange,
  NetworkCreate,
  NetworkLease,
  NetworkState,
} from './types.ts';
import type {
  NetworkZone,
  NetworkZoneChange,
  NetworkZoneCreate,
  NetworkZoneRecord,
  NetworkZoneRecordChange,
  NetworkZoneRecordCreate,
} from './zone-types.ts';

/** Managed networks, and the interfaces of the host that the daemon sees; and what belongs to networks. */
export interface NetworksArea extends RenamableResources<Network, NetworkCreate, NetworkChange> {
  /** The addresses, MTU and counters (packets and bytes) of the interface, and what it is made of. */
  state(name: string, options?: CallOptions): Promise<NetworkState>;
  /** The addresses that the network gave to instances and others (DHCP, static, its own). */
  leases(name: string, options?: CallOptions): Promise<readonly NetworkLease[]>;
  /** Named by listen address. */
  forwards(network: string): NamedResources<NetworkForward, NetworkForwardCreate, NetworkForwardChange>;
  /** Of an OVN network; named by listen address. */
  loadBalancers(network: string): NamedResources<LoadBalancer, LoadBalancerCreate, LoadBalancerChange>;
  /** Of an OVN network. */
  peers(network: string): NamedResources<NetworkPeer, NetworkPeerCreate, NetworkPeerChange>;
  readonly acls: NetworkAclsArea;
  /** Since the API extension `network_address_set` (Incus 7.0 has it, 6.0 has not). */
  readonly addressSets: RenamableResources<AddressSet, AddressSetCreate, AddressSetChange>;
  /** The addresses that are taken, and by what. */
  allocations(options?: AllocationsOptions): Promise<readonly NetworkAllocation[]>;
  readonly zones: NetworkZonesArea;
}

/** Which allocations are listed. */
export interface AllocationsOptions extends CallOptions {
  /** Of every project that the caller may see, rather than of the scope's own. */
  readonly allProjects?: boolean | undefined;
}

/** Network ACLs. */
export interface NetworkAclsArea extends RenamableResources<NetworkAcl, NetworkAclCreate, NetworkAclChange> {
  /** What logged rules wrote (OVN). */
  log(name: string, options?: CallOptions): Promise<string>;
}

/** DNS zones. */
export interface NetworkZonesArea extends NamedResources<NetworkZone, NetworkZoneCreate, NetworkZoneChange> {
  /** The DNS records of one zone. */
  records(zone: string): NamedResources<NetworkZoneRecord, NetworkZoneRecordCreate, NetworkZoneRecordChange>;
}

export function networksArea(scope: Scope): NetworksArea {
  return {
    ...namedResources<Network, NetworkCreate, NetworkChange>(
      scope,
      '/1.0/networks',
      ({ config, description }) => ({ config, description }),
    ),
    state: (name, options = {}) => scope.request('GET', path`/1.0/networks/${name}/state`, options),
    leases: (name, options = {}) => scope.request('GET', path`/1.0/networks/${name}/leases`, options),
    forwards: (network) =>
      namedResources(
        scope,
        path`/1.0/networks/${network}/forwards`,
        ({ description, config, ports }: NetworkForward) => ({ description, config, ports }),
      ),
    loadBalancers: (network) =>
      namedResources(
        scope,
        path`/1.0/networks/${network}/load-balancers`,
        ({ description, config, backends, ports }: LoadBalancer) => ({
          description,
          config,
          backends,
          ports,
        }),
      ),
    peers: (network) =>
      namedResources(scope, path`/1.0/networks/${network}/peers`, ({ description, config }: NetworkPeer) => ({
        description,
        config,
      })),
    acls: aclsArea(scope),
    addressSets: namedResources(
      scope,
      '/1.0/network-address-sets',
      ({ addresses, description }: AddressSet) => ({ addresses, description }),
    ),
    allocations: ({ allProjects, ...options } = {}) =>
      scope.request('GET', '/1.0/network-allocations', {
        ...options,
        query: allProjects === true ? { 'all-projects': true, project: undefined } : {},
      }),
    zones: zonesArea(scope),
  };
}

function aclsArea(scope: Scope): NetworkAclsArea {
  return {
    ...namedResources<NetworkAcl, NetworkAclCreate, NetworkAclChange>(
      scope,
      '/1.0/network-acls',
      ({ description, config, ingress, egress }) => ({
        description,
        config,
        ingress,
        egress,
      }),
    ),
    async log(name, options = {}) {
      return (await scope.raw('GET', path`/1.0/network-acls/${name}/log`, options)).body.toString();
    },
  };
}

function zonesArea(scope: Scope): NetworkZonesArea {
  return {
    ...namedResources<NetworkZone, NetworkZoneCreate, NetworkZoneChange>(
      scope,
      '/1.0/network-zones',
      ({ description, config }) => ({ description, config }),
    ),
    records: (zone) =>
      namedResources(
        scope,
        path`/1.0/network-zones/${zone}/records`,
        ({ description, config, entries }: NetworkZoneRecord) => ({
          description,
          config,
          entries,
        }),
      ),
  };
}
