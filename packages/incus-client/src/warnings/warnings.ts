import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { type ListOptions, listQuery } from '../api/list-options.ts';
import { path } from '../api/path.ts';

/** Something that the daemon noticed. */
export interface Warning {
  readonly uuid: string;
  readonly type: string;
  readonly status: 'new' | 'acknowledged' | 'resolved';
  readonly severity: 'low' | 'moderate' | 'high';
  readonly count: number;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
  readonly last_message: string;
  readonly entity_url: string;
  readonly project: string;
  readonly location: string;
}

/** The daemon's warnings. */
export interface WarningsArea {
  /** All warnings, or those that the filter of `options` lets pass. */
  list(options?: ListOptions): Promise<readonly Warning[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(uuid: string, options?: CallOptions): Promise<Warning>;
  /** Notes that a person has seen a warning (`acknowledged`), or that it is to be looked at again (`new`). */
  setStatus(uuid: string, status: 'new' | 'acknowledged', options?: CallOptions): Promise<void>;
  /** Removes a warning from the list; the cause stays as it is. */
  delete(uuid: string, options?: CallOptions): Promise<void>;
}

export function warningsArea(scope: Scope): WarningsArea {
  return {
    list: (options = {}) =>
      scope.request('GET', '/1.0/warnings', { ...options, query: listQuery(1, options) }),
    get: (uuid, options = {}) => scope.request('GET', path`/1.0/warnings/${uuid}`, options),
    async setStatus(uuid, status, options = {}) {
      await scope.request('PUT', path`/1.0/warnings/${uuid}`, { ...options, json: { status } });
    },
    async delete(uuid, options = {}) {
      await scope.request('DELETE', path`/1.0/warnings/${uuid}`, options);
    },
  };
}
