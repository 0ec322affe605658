import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';

/** An instance's image metadata (`metadata.yaml`). */
export interface InstanceMetadata {
  readonly architecture: string;
  /** Seconds since the epoch. */
  readonly creation_date: number;
  readonly expiry_date: number;
  readonly properties: Readonly<Record<string, string>> | null;
  readonly templates: Readonly<Record<string, InstanceTemplate>> | null;
}

/** When a file is written from which template. */
export interface InstanceTemplate {
  readonly when: readonly ('create' | 'copy' | 'rename' | 'start')[];
  readonly template: string;
  readonly create_only?: boolean;
  readonly properties?: Readonly<Record<string, string>> | null;
}

/** The metadata and file templates of one instance, and its logs. */
export interface MetadataArea {
  /** The metadata as the instance's image brought it, or as it was changed since. */
  get(options?: CallOptions): Promise<InstanceMetadata>;
  /** Replaces the metadata. */
  update(metadata: InstanceMetadata, options?: CallOptions): Promise<void>;
  /** The names of the templates. */
  listTemplates(options?: CallOptions): Promise<readonly string[]>;
  /** The text of a template. */
  readTemplate(name: string, options?: CallOptions): Promise<string>;
  /** Makes a template, or replaces its text. It is used where the metadata's `templates` name it. */
  writeTemplate(name: string, content: string, options?: CallOptions): Promise<void>;
  /** Deletes a template. */
  deleteTemplate(name: string, options?: CallOptions): Promise<void>;
}

/** The logs that the daemon keeps of one instance, such as `lxc.log`. */
export interface LogsArea extends LogFiles {
  /** What {@link ExecArea.record} had the daemon keep. */
  readonly execOutput: LogFiles;
}

/** Files that the daemon keeps until they are deleted. */
export interface LogFiles {
  /** The names of the files. */
  list(options?: CallOptions): Promise<readonly string[]>;
  /** The whole text of one. */
  read(name: string, options?: CallOptions): Promise<string>;
  /** Deletes one. */
  delete(name: string, options?: CallOptions): Promise<void>;
}

export function metadataArea(scope: Scope, instance: string): MetadataArea {
  const metadata = path`/1.0/instances/${instance}/metadata`;
  const templates = `${metadata}/templates`;
  return {
    get: (options = {}) => scope.request('GET', metadata, options),
    async update(change, options = {}) {
      await scope.request('PUT', metadata, { ...options, json: change });
    },
    async listTemplates(options = {}) {
      return (await scope.request<readonly string[]>('GET', templates, options)).map(lastSegment);
    },
    async readTemplate(name, options = {}) {
      return (await scope.raw('GET', templates, { ...options, query: { path: name } })).body.toString();
    },
    async writeTemplate(name, content, options = {}) {
      const headers = { 'content-type': 'application/octet-stream' };
      await scope.request('POST', templates, { ...options, query: { path: name }, body: content, headers });
    },
    async deleteTemplate(name, options = {}) {
      await scope.request('DELETE', templates, { ...options, query: { path: name } });
    },
  };
}

export function logsArea(scope: Scope, instance: string): LogsArea {
  const collection = path`/1.0/instances/${instance}/logs`;
  return { ...logFiles(scope, collection), execOutput: logFiles(scope, `${collection}/exec-output`) };
}

function logFiles(scope: Scope, collection: string): LogFiles {
  const one = (name: string) => `${collection}/${encodeURIComponent(name)}`;
  return {
    async list(options = {}) {
      return (await scope.request<readonly string[]>('GET', collection, options)).map(lastSegment);
    },
    async read(name, options = {}) {
      return (await scope.raw('GET', one(name), options)).body.toString();
    },
    async delete(name, options = {}) {
      await scope.request('DELETE', one(name), options);
    },
  };
}

/** Collections come as URLs, or as bare names (templates, 6.0.4), which mean what they say. */
function lastSegment(name: string): string {
  if (!name.startsWith('/')) return name;
  return decodeURIComponent(name.split('?')[0]?.split('/').at(-1) ?? name);
}
