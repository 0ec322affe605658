import type { Duplex, Readable } from 'node:stream';
import type { PeerCheck } from './checking-connector.ts';
import type { Watch, Watched } from './silence.ts';

/** Where a server is and how to know it. */
export interface TransportOptions {
  /** `https://host:port`; with `socketPath`, any. */
  readonly origin: string;
  readonly socketPath?: string | undefined;
  readonly tls?: TlsMaterial | undefined;
  /** To go through; see `dialThrough`. */
  readonly proxy?: URL | undefined;
  /** Milliseconds to dial and shake hands. Default 10 000. */
  readonly connectTimeout?: number | undefined;
}

interface TlsMaterial {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
  /** Called after the handshake, before any byte of HTTP. Default: the certificate is verified by its chain and name. */
  readonly checkPeer?: PeerCheck | undefined;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | Readable | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds of silence after which it is given up; see `defaultPatience`. */
  readonly patience?: number | undefined;
}

export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface RawStreamReply extends Omit<RawReply, 'body'> {
  /** Must be read to its end or destroyed. */
  readonly body: Readable;
}

/** One server, one pool of kept-alive connections; websockets and SFTP leave it by an upgrade. */
export interface Transport extends AsyncDisposable {
  /** `https://host:port` or `unix:/path`, for messages. */
  readonly server: string;
  /** Whether a network is between us. */
  readonly remote: boolean;
  send(request: RawRequest): Promise<RawReply>;
  sendForStream(request: RawRequest): Promise<RawStreamReply>;
  upgrade(
    path: string,
    protocol: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Duplex>;
  /** Watches what a socket that left the pool hears. */
  watch(watched: Watched): Watch;
  /** Aborted when the client is closed, with the error to tell. */
  readonly closed: AbortSignal;
}
