import { MissingExtensionError } from '../errors.ts';
import type { CallOptions, Scope } from '../scope.ts';
import type { Server } from './types.ts';

/** The server itself. */
export interface ServerArea {
  /** Also answers a caller whom the server does not trust: then `auth` is `untrusted`. */
  get(options?: CallOptions): Promise<Server>;
  /** Changes only the keys given, e.g. `core.https_address`. */
  patch(change: { readonly config: Readonly<Record<string, string>> }, options?: CallOptions): Promise<void>;
  /**
   * Passes when the server has an API extension.
   *
   * @throws {MissingExtensionError} it has not.
   */
  requireExtension(name: string, options?: CallOptions): Promise<void>;
}

export function serverArea(scope: Scope): ServerArea {
  const get = (options: CallOptions = {}) => scope.request<Server>('GET', '/1.0', options);
  return {
    get,
    async patch(change, options = {}) {
      await scope.request('PATCH', '/1.0', { ...options, json: change });
    },
    async requireExtension(name, options) {
      const { api_extensions: extensions } = await get(options);
      if (!extensions.includes(name)) throw new MissingExtensionError(name, scope.transport.server);
    },
  };
}
