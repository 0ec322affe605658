import { type CertificatesArea, certificatesArea } from './certificates/certificates.ts';
import { type ClusterArea, clusterArea } from './cluster/cluster.ts';
import { type WarningsArea, warningsArea } from './warnings/warnings.ts';
import { type EventHub, createEventHub } from './follow/event-hub.ts';
import { type EventsOptions, subscribe } from './events/subscribe.ts';
import type { GapEvent, IncusEvent } from './api/events.ts';
import { type ConsoleArea, consoleArea } from './exec/console.ts';
import { type FilesArea, filesArea } from './files/http-files.ts';
import { type ExecArea, execArea } from './exec/area.ts';
import { type ImagesArea, imagesArea } from './images/images.ts';
import { type InstancesArea, instancesArea } from './instances/instances.ts';
import { type NetworksArea, networksArea } from './networks/networks.ts';
import { type OperationsArea, operationsArea } from './operations/operations.ts';
import { type ProfilesArea, profilesArea } from './profiles/profiles.ts';
import { type ProjectsArea, projectsArea } from './projects/projects.ts';
import { type RequestOptions, createScope } from './scope.ts';
import { type ServerArea, serverArea } from './server/server.ts';
import { type StoragePoolsArea, storagePoolsArea } from './storage/storage-pools.ts';
import type { Transport } from './transport/types.ts';

/** A server as seen in one project and for one cluster target. Every call, socket and file is made in them. */
export interface IncusScope {
  /** `https://host:port` or `unix:/path`. */
  readonly address: string;
  readonly projectName: string | undefined;
  readonly server: ServerArea;
  readonly projects: ProjectsArea;
  readonly certificates: CertificatesArea;
  readonly networks: NetworksArea;
  readonly storagePools: StoragePoolsArea;
  readonly profiles: ProfilesArea;
  readonly images: ImagesArea;
  readonly instances: InstancesArea;
  readonly operations: OperationsArea;
  readonly cluster: ClusterArea;
  readonly warnings: WarningsArea;
  readonly exec: ExecArea;
  readonly console: ConsoleArea;
  readonly files: FilesArea;
  /**
   * Events from the moment of the first `next()`; see {@link EventsOptions}. What may have been missed is told by a `gap`.
   */
  events(options?: EventsOptions): AsyncGenerator<IncusEvent | GapEvent, void, undefined>;
  /** The same connections, in another project. */
  project(name: string): IncusScope;
  /** The same connections, for a cluster member or `@group`. */
  target(member: string): IncusScope;
  /** Anything else of the API; resolves to the answer's metadata, or to a `Buffer` where the answer is not JSON. */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
}

/** The owner of the connections. */
export interface IncusClient extends IncusScope, AsyncDisposable {
  /** Ends all connections: what is under way rejects, and no handle is left. */
  close(): Promise<void>;
}

interface ScopeOptions {
  readonly project: string | undefined;
  readonly target: string | undefined;
}

export function createClient(transport: Transport, options: ScopeOptions): IncusClient {
  const close = async () => {
    await transport[Symbol.asyncDispose]();
  };
  return {
    ...incusScope(transport, createEventHub(transport), options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function incusScope(transport: Transport, events: EventHub, { project, target }: ScopeOptions): IncusScope {
  const scope = createScope(transport, events, project, target);
  return {
    address: transport.server,
    projectName: project,
    server: serverArea(scope),
    projects: projectsArea(scope),
    certificates: certificatesArea(scope),
    networks: networksArea(scope),
    storagePools: storagePoolsArea(scope),
    profiles: profilesArea(scope),
    images: imagesArea(scope),
    instances: instancesArea(scope),
    operations: operationsArea(scope),
    cluster: clusterArea(scope),
    warnings: warningsArea(scope),
    exec: execArea(scope),
    console: consoleArea(scope),
    files: filesArea(scope),
    events: (eventsOptions = {}) => subscribe(scope, eventsOptions),
    project: (name) => incusScope(transport, events, { project: name, target }),
    target: (member) => incusScope(transport, events, { project, target: member }),
    request: (method, path, requestOptions) => scope.requestAny(method, path, requestOptions),
  };
}
