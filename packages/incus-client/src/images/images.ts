import { IncusError } from '../errors.ts';
import { OperationRun, type WaitOptions } from '../follow/operation-run.ts';
import type { CallOptions, Tagged } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { type ListOptions, listQuery } from '../api/list-options.ts';
import { path } from '../api/path.ts';
import { merged, patchOnly } from '../resource/modify.ts';
import type { MatchOptions } from '../resource/named-resources.ts';
import type { Image, ImageAlias, ImageAliasCreate, ImageChange } from './types.ts';
import {
  type FetchOptions,
  type ImagePart,
  type ImageSource,
  type ImageTarget,
  exportImage,
  fetchImage,
  fingerprintIn,
  sendImage,
} from './transfer.ts';
import { type ImageUpload, uploadBody } from './upload.ts';

/** How an image is imported. */
export interface ImportOptions extends WaitOptions {
  readonly public?: boolean | undefined;
  readonly filename?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** Aliases that it gets once it is there. */
  readonly aliases?: readonly string[] | undefined;
}

/** How an image is made of an instance. */
export interface PublishOptions extends WaitOptions {
  readonly public?: boolean | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** E.g. `gzip`, `zstd` or `none`. */
  readonly compression?: string | undefined;
}

/** Images and their aliases. */
export interface ImagesArea {
  /** All images of the project, or those that the filter of `options` lets pass. */
  list(options?: ListOptions): Promise<readonly Image[]>;
  /** By fingerprint, or an unambiguous start of one. */
  get(fingerprint: string, options?: CallOptions): Promise<Image>;
  /** With its ETag, for the `ifMatch` of a later change. */
  getTagged(fingerprint: string, options?: CallOptions): Promise<Tagged<Image>>;
  /**
   * Uploads an image from files and resolves to its fingerprint.
   *
   * @throws {OperationError} `ALREADY_EXISTS`: an image of the same bytes is there.
   */
  import(upload: ImageUpload, options?: ImportOptions): Promise<string>;
  /** Has the daemon fetch an image from another Incus server or a simplestreams one; resolves to its fingerprint. */
  fetch(source: ImageSource, options?: FetchOptions): OperationRun<string>;
  /** Fetches again an image that came from elsewhere, where there is a newer one. */
  refresh(fingerprint: string, options?: WaitOptions): OperationRun<void>;
  /** Makes an image of an instance, which must be stopped, or of a snapshot (`instance/snapshot`); resolves to its fingerprint. */
  publish(instance: string, options?: PublishOptions): OperationRun<string>;
  /** Downloads an image's files in turn, checked against its whole fingerprint. */
  export(fingerprint: string, options?: CallOptions): AsyncGenerator<ImagePart, void, void>;
  /** A secret that lets another server fetch a private image, for a short while; for {@link ImageSource}. */
  createSecret(fingerprint: string, options?: CallOptions): Promise<string>;
  /**
   * A secret that lets another server {@link ImagesArea.send} an image of this fingerprint to this one. The image gets these
   * aliases once it is there.
   */
  createUploadSecret(
    fingerprint: string,
    options?: CallOptions & {
      readonly aliases?: readonly string[] | undefined;
      readonly public?: boolean | undefined;
    },
  ): Promise<string>;
  /** Has the daemon send an image to another server, which made a secret for it: bytes go between the two servers. */
  send(fingerprint: string, target: ImageTarget, options?: WaitOptions): OperationRun<void>;
  /** Replaces all that can be changed. */
  update(fingerprint: string, change: ImageChange, options?: MatchOptions): Promise<void>;
  /** Changes only what is given; of `properties`, only the keys given. */
  patch(fingerprint: string, change: ImageChange, options?: MatchOptions): Promise<void>;
  /** Deletes an image; instances made from it stay. */
  delete(fingerprint: string, options?: WaitOptions): OperationRun<void>;
  /** All aliases, or those that the filter of `options` lets pass. */
  listAliases(options?: ListOptions): Promise<readonly ImageAlias[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  getAlias(name: string, options?: CallOptions): Promise<ImageAlias>;
  /** @throws {IncusApiError} `ALREADY_EXISTS` */
  createAlias(alias: ImageAliasCreate, options?: CallOptions): Promise<void>;
  /** Points an alias at another image. */
  updateAlias(
    name: string,
    change: { readonly target: string; readonly description?: string | undefined },
    options?: CallOptions,
  ): Promise<void>;
  /** Gives an alias another name; it stays with its image. */
  renameAlias(name: string, newName: string, options?: CallOptions): Promise<void>;
  /** Removes an alias; its image stays. */
  deleteAlias(name: string, options?: CallOptions): Promise<void>;
}

const collection = '/1.0/images';
const aliases = '/1.0/images/aliases';

export function imagesArea(scope: Scope): ImagesArea {
  const createAlias = async (alias: ImageAliasCreate, options: CallOptions = {}) => {
    await scope.request('POST', aliases, { ...options, json: alias });
  };
  const getTagged = (fingerprint: string, options: CallOptions = {}) =>
    scope.requestTagged<Image>(path`/1.0/images/${fingerprint}`, options);
  const update = async (fingerprint: string, change: ImageChange, options: MatchOptions = {}) => {
    await scope.request('PUT', path`/1.0/images/${fingerprint}`, { ...options, json: change });
  };
  return {
    list: (options = {}) => scope.request('GET', collection, { ...options, query: listQuery(1, options) }),
    get: (fingerprint, options = {}) => scope.request('GET', path`/1.0/images/${fingerprint}`, options),
    getTagged,
    async import(upload, { public: isPublic, filename, properties, aliases: names = [], ...options } = {}) {
      const { body, headers } = await uploadBody(upload);
      const fingerprint = await scope.start(
        'POST',
        collection,
        {
          ...options,
          body,
          headers: {
            ...headers,
            'x-incus-public': isPublic === true ? 'true' : undefined,
            'x-incus-filename': filename,
            'x-incus-properties':
              properties === undefined ? undefined : new URLSearchParams(properties).toString(),
          },
        },
        fingerprintIn,
      );
      for (const name of names) await createAlias({ name, target: fingerprint }, { signal: options.signal });
      return fingerprint;
    },
    fetch: (source, options = {}) => fetchImage(scope, source, options),
    refresh: (fingerprint, options = {}) =>
      scope.start('POST', path`/1.0/images/${fingerprint}/refresh`, options, () => {}),
    publish: (instance, { public: isPublic = false, properties, compression, ...options } = {}) => {
      const source = { type: instance.includes('/') ? 'snapshot' : 'instance', name: instance };
      const json = { source, public: isPublic, properties, compression_algorithm: compression };
      return scope.start('POST', collection, { ...options, json }, fingerprintIn);
    },
    export: (fingerprint, options = {}) => exportImage(scope, fingerprint, options),
    async createUploadSecret(
      fingerprint,
      { aliases: names = [], public: isPublic = false, ...options } = {},
    ) {
      const json = {
        source: { type: 'image', mode: 'push', fingerprint },
        aliases: names.map((name) => ({ name, description: '' })),
        public: isPublic,
      };
      const { metadata } = await scope.accept('POST', collection, { ...options, json });
      const secret = metadata?.['secret'];
      if (typeof secret === 'string') return secret;
      throw new IncusError('PROTOCOL_ERROR', `no secret for an upload of the image ${fingerprint} came`);
    },
    send: (fingerprint, target, options = {}) => sendImage(scope, fingerprint, target, options),
    async createSecret(fingerprint, options = {}) {
      const operation = await scope.accept('POST', path`/1.0/images/${fingerprint}/secret`, options);
      const secret = operation.metadata?.['secret'];
      if (typeof secret === 'string') return secret;
      throw new IncusError('PROTOCOL_ERROR', `no secret for the image ${fingerprint} came`);
    },
    update,
    // By PUT: of a PATCH the daemon (6.0.4) leaves out when the image expires and its profiles, without a word.
    patch: (fingerprint, change, { ifMatch, ...options } = {}) =>
      patchOnly(
        { scope, path: path`/1.0/images/${fingerprint}`, signal: options.signal },
        () => getTagged(fingerprint, options),
        ({ value, etag }) =>
          update(fingerprint, merged(changeable(value), change), { ...options, ifMatch: etag }),
        ifMatch,
      ),
    delete: (fingerprint, options = {}) =>
      scope.start('DELETE', path`/1.0/images/${fingerprint}`, options, () => {}),
    listAliases: (options = {}) =>
      scope.request('GET', aliases, { ...options, query: listQuery(1, options) }),
    getAlias: (name, options = {}) => scope.request('GET', path`/1.0/images/aliases/${name}`, options),
    createAlias,
    async updateAlias(name, change, options = {}) {
      await scope.request('PUT', path`/1.0/images/aliases/${name}`, { ...options, json: change });
    },
    async renameAlias(name, newName, options = {}) {
      await scope.request('POST', path`/1.0/images/aliases/${name}`, { ...options, json: { name: newName } });
    },
    async deleteAlias(name, options = {}) {
      await scope.request('DELETE', path`/1.0/images/aliases/${name}`, options);
    },
  };
}

/** What of an image a `PUT` takes. */
function changeable({ auto_update, public: isPublic, properties, profiles, expires_at }: Image): ImageChange {
  return { auto_update, public: isPublic, properties, profiles, expires_at };
}
