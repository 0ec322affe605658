import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { IncusError } from '../errors.ts';
import type { OperationRun, WaitOptions } from '../follow/operation-run.ts';
import type { Operation } from '../api/operation.ts';
import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { path } from '../api/path.ts';
import { multipart } from './multipart.ts';

/** One file of an image as it is downloaded. */
export interface ImagePart {
  /** `unified`, `metadata` or `rootfs`. */
  readonly name: string;
  readonly filename: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Where an image is fetched from. */
export interface ImageSource {
  /** `https://host:port` of an Incus server, or the address of a simplestreams server. */
  readonly server: string;
  readonly protocol: 'incus' | 'simplestreams' | 'oci';
  /** The image's alias there, or its fingerprint. */
  readonly alias?: string | undefined;
  readonly fingerprint?: string | undefined;
  /** PEM of an Incus server whose certificate is not publicly trusted. */
  readonly certificate?: string | undefined;
  /** From {@link ImagesArea.createSecret} there, for a private image. */
  readonly secret?: string | undefined;
  readonly project?: string | undefined;
}

/** How an image is fetched. */
export interface FetchOptions extends WaitOptions {
  readonly aliases?: readonly string[] | undefined;
  readonly public?: boolean | undefined;
  /** Keep it up to date with its source. */
  readonly autoUpdate?: boolean | undefined;
  readonly imageType?: 'container' | 'virtual-machine' | undefined;
}

/** Where an image is sent to. */
export interface ImageTarget {
  /** `https://host:port`, as the sending server reaches it. */
  readonly server: string;
  /** PEM of that server's certificate. */
  readonly certificate: string;
  /** From {@link ImagesArea.createUploadSecret} there. */
  readonly secret: string;
  readonly project?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly profiles?: readonly string[] | undefined;
}

/** Has the daemon send an image to another server. */
export function sendImage(
  scope: Scope,
  fingerprint: string,
  { server, aliases = [], ...target }: ImageTarget,
  options: WaitOptions,
): OperationRun<void> {
  const json = { ...target, target: server, aliases: aliases.map((name) => ({ name, description: '' })) };
  return scope.start('POST', path`/1.0/images/${fingerprint}/export`, { ...options, json }, () => {});
}

/** Has the daemon fetch an image by itself. */
export function fetchImage(scope: Scope, source: ImageSource, options: FetchOptions): OperationRun<string> {
  const { aliases = [], public: isPublic = false, autoUpdate = false, imageType, ...wait } = options;
  const json = {
    public: isPublic,
    auto_update: autoUpdate,
    aliases: aliases.map((name) => ({ name, description: '' })),
    source: { type: 'image', mode: 'pull', image_type: imageType ?? '', ...source },
  };
  return scope.start('POST', '/1.0/images', { ...wait, json }, fingerprintIn);
}

/** The fingerprint in the result of an operation that made an image. */
export function fingerprintIn({ id, metadata }: Operation): string {
  const fingerprint = metadata?.['fingerprint'];
  if (typeof fingerprint === 'string') return fingerprint;
  throw new IncusError('PROTOCOL_ERROR', `the image operation ${id} ended without a fingerprint`);
}

/**
 * Downloads an image's files one after the other; each must be read before the next is asked for. A unified image's
 * fingerprint is the hash of its file, a split one's that of both together: it is checked, and the last file's reading
 * rejects when it does not fit.
 */
export async function* exportImage(
  scope: Scope,
  fingerprint: string,
  options: CallOptions,
): AsyncGenerator<ImagePart, void, void> {
  const { headers, body } = await scope.rawStream('GET', path`/1.0/images/${fingerprint}/export`, options);
  const hash = createHash('sha256');
  const check = () => {
    const found = hash.digest('hex');
    if (!found.startsWith(fingerprint))
      throw new IncusError('PROTOCOL_ERROR', `the image ${fingerprint} arrived as ${found}`);
  };
  const type = String(headers['content-type'] ?? '');
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  try {
    if (boundary === undefined) {
      yield {
        name: 'unified',
        filename: filenameIn(String(headers['content-disposition'] ?? '')),
        content: hashed(body, hash, check),
      };
      return;
    }
    for await (const part of multipart(body, boundary)) {
      const disposition = part.headers['content-disposition'] ?? '';
      const name = /[; ]name="([^"]*)"/.exec(disposition)?.[1] ?? 'rootfs';
      yield {
        name,
        filename: filenameIn(disposition),
        content: hashed(part.content, hash, name === 'metadata' ? () => {} : check),
      };
    }
  } finally {
    body.destroy();
  }
}

async function* hashed(
  content: Readable | AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
  check: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    yield chunk;
  }
  check();
}

function filenameIn(disposition: string): string {
  return /filename="?([^";]+)"?/.exec(disposition)?.[1] ?? 'image';
}
