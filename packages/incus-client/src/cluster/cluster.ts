import type { OperationRun, WaitOptions } from '../follow/operation-run.ts';
import type { Operation } from '../api/operation.ts';
import { type NamedResources, type RenamableResources, namedResources } from '../resource/named-resources.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import type {
  Cluster,
  ClusterChange,
  ClusterGroup,
  ClusterGroupChange,
  ClusterGroupCreate,
  ClusterMember,
  ClusterMemberChange,
  ClusterMemberState,
} from './types.ts';

/** The cluster that the server is in, if it is in one: `enabled` says so. */
export interface ClusterArea {
  /** Whether the server is in a cluster, under what name, and what a joining server is asked for. */
  get(options?: CallOptions): Promise<Cluster>;
  /** Forms, joins or leaves a cluster. */
  update(change: ClusterChange, options?: WaitOptions): OperationRun<void>;
  readonly members: ClusterMembersArea;
  readonly groups: RenamableResources<ClusterGroup, ClusterGroupCreate, ClusterGroupChange>;
}

/** The members of the cluster. */
export interface ClusterMembersArea extends Omit<
  NamedResources<ClusterMember, never, ClusterMemberChange>,
  'create' | 'delete'
> {
  /** Makes a token that lets a server of that name join; it is in the operation's metadata, and is a secret. */
  createJoinToken(name: string, options?: CallOptions): Promise<Operation>;
  /** Gives a member another name. */
  rename(name: string, newName: string, options?: CallOptions): Promise<void>;
  /** `force` for a member that is gone for good. */
  remove(name: string, options?: CallOptions & { readonly force?: boolean | undefined }): Promise<void>;
  /** What a member has and uses. */
  state(name: string, options?: CallOptions): Promise<ClusterMemberState>;
  /** Moves, stops or live-migrates what is on a member, or brings it back. */
  setState(
    name: string,
    change: { readonly action: 'evacuate' | 'restore'; readonly mode?: string | undefined },
    options?: WaitOptions,
  ): OperationRun<void>;
}

const collection = '/1.0/cluster/members';

export function clusterArea(scope: Scope): ClusterArea {
  return {
    get: (options = {}) => scope.request('GET', '/1.0/cluster', options),
    update: (change, options = {}) =>
      scope.start('PUT', '/1.0/cluster', { ...options, json: change }, () => {}),
    members: {
      ...namedResources<ClusterMember, never, ClusterMemberChange>(
        scope,
        collection,
        ({ roles, failure_domain, description, config, groups }) => ({
          roles,
          failure_domain,
          description,
          config,
          groups,
        }),
      ),
      // A token's operation runs until the token is used: its start is the answer.
      createJoinToken: (name, options = {}) =>
        scope.accept('POST', collection, { ...options, json: { server_name: name } }),
      async rename(name, newName, options = {}) {
        await scope.request('POST', path`/1.0/cluster/members/${name}`, {
          ...options,
          json: { server_name: newName },
        });
      },
      async remove(name, { force, ...options } = {}) {
        await scope.request('DELETE', path`/1.0/cluster/members/${name}`, {
          ...options,
          query: { force: force === true ? 1 : undefined },
        });
      },
      state: (name, options = {}) => scope.request('GET', path`/1.0/cluster/members/${name}/state`, options),
      setState: (name, change, options = {}) =>
        scope.start('POST', path`/1.0/cluster/members/${name}/state`, { ...options, json: change }, () => {}),
    },
    groups: namedResources(
      scope,
      '/1.0/cluster/groups',
      ({ description, members: names, config }: ClusterGroup) => ({
        description,
        members: names,
        config,
      }),
    ),
  };
}
