import type { CallOptions, Tagged } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import type { ServerResources } from './resources-types.ts';
import type { MetadataConfiguration, Server } from './types.ts';

/** What can be changed of a server. */
export interface ServerChange {
  readonly config: Readonly<Record<string, string>>;
}

/** The server itself. */
export interface ServerArea {
  /** Also answers a caller whom the server does not trust: then `auth` is `untrusted`. */
  get(options?: CallOptions): Promise<Server>;
  /** With the ETag of its configuration, for the `ifMatch` of a later change. */
  getTagged(options?: CallOptions): Promise<Tagged<Server>>;
  /** Replaces the whole configuration. */
  update(
    change: ServerChange,
    options?: CallOptions & { readonly ifMatch?: string | undefined },
  ): Promise<void>;
  /** Changes only the keys given, e.g. `core.https_address`. */
  patch(change: ServerChange, options?: CallOptions): Promise<void>;
  /**
   * Passes when the server has an API extension.
   *
   * @throws {MissingExtensionError} it has not.
   */
  requireExtension(name: string, options?: CallOptions): Promise<void>;
  /** The hardware of the machine, or of the scope's cluster target. */
  resources(options?: CallOptions): Promise<ServerResources>;
  /** Every configuration key that the server knows, with what it is for. */
  configurationKeys(options?: CallOptions): Promise<MetadataConfiguration>;
  /** Metrics of the server and its instances in the OpenMetrics text format. */
  metrics(options?: CallOptions): Promise<string>;
}

export function serverArea(scope: Scope): ServerArea {
  const get = (options: CallOptions = {}) => scope.request<Server>('GET', '/1.0', options);
  return {
    get,
    getTagged: (options = {}) => scope.requestTagged('/1.0', options),
    async update(change, options = {}) {
      await scope.request('PUT', '/1.0', { ...options, json: change });
    },
    resources: (options = {}) => scope.request('GET', '/1.0/resources', options),
    configurationKeys: (options = {}) => scope.request('GET', '/1.0/metadata/configuration', options),
    async metrics(options = {}) {
      return (await scope.raw('GET', '/1.0/metrics', options)).body.toString();
    },
    async patch(change, options = {}) {
      await scope.request('PATCH', '/1.0', { ...options, json: change });
    },
    requireExtension: (name, options) => scope.requireExtension(name, options),
  };
}
