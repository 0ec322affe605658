import { Readable } from 'node:stream';
import type { CallOptions, Tagged } from './api/call-options.ts';
import type { EventHub } from './follow/event-hub.ts';
import { OperationRun, type WaitOptions } from './follow/operation-run.ts';
import type { Operation } from './api/operation.ts';
import { waitOperation } from './follow/wait-fallback.ts';
import { MissingExtensionError, OperationError } from './errors.ts';
import type { Server } from './server/types.ts';
import { given } from './api/given.ts';
import { path, withQuery, type Query } from './api/path.ts';
import { type Envelope, errorOfReply, parseReply } from './transport/reply.ts';
import type { RawReply, RawStreamReply, Transport } from './transport/types.ts';

/** A request in full, for the areas and for `client.request()`. */
export interface RequestOptions extends CallOptions {
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; exclusive with `json`. */
  readonly body?: string | Uint8Array | Readable | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** The ETag of the state that the change is meant for; another state answers 412 (`PRECONDITION_FAILED`). */
  readonly ifMatch?: string | undefined;
}

interface StartOptions extends Omit<RequestOptions, 'signal'>, WaitOptions {
  /** The API extension without which a server would leave out a part of what is asked for, without a word. */
  readonly extension?: string | undefined;
}

/** One server, seen through one project and one cluster target: every call, socket and file made through it bears both. */
export interface Scope {
  readonly transport: Transport;
  readonly events: EventHub;
  readonly project: string | undefined;
  readonly target: string | undefined;
  /** The path with this scope's project and target in its query. */
  url(path: string, query?: Query): string;
  /** For what the daemon answers at once; where it answers with an operation after all, that is waited for. */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** The same for any path: an answer that is not JSON is a `Buffer`. */
  requestAny<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  requestTagged<T>(path: string, options?: RequestOptions): Promise<Tagged<T>>;
  /** For what the daemon does in the background. */
  start<T>(
    method: string,
    path: string,
    options: StartOptions,
    result: (operation: Operation) => T,
    hasResult?: (operation: Operation) => boolean,
  ): OperationRun<T>;
  /** @throws {MissingExtensionError} the server lacks it. */
  requireExtension(name: string, options?: CallOptions): Promise<void>;
  /** For an operation that is an answer in itself, such as a token: its end is not waited for. */
  accept(method: string, path: string, options?: RequestOptions): Promise<Operation>;
  /** The bare reply, for bodies that are no envelope; an error in it is thrown. */
  raw(method: string, path: string, options?: RequestOptions): Promise<RawReply>;
  /** The same with the body as a stream. */
  rawStream(method: string, path: string, options?: RequestOptions): Promise<RawStreamReply>;
}

/** Milliseconds in which a request that has no content to send is accepted. */
const acceptance = 50_000;

export function createScope(
  transport: Transport,
  events: EventHub,
  project: string | undefined,
  target: string | undefined,
): Scope {
  const scopeQuery = { project, target };
  const url = (base: string, query: Query = {}) => withQuery(base, { ...scopeQuery, ...query });

  const rawRequest = (method: string, base: string, options: RequestOptions) => ({
    method,
    path: url(base, options.query),
    headers: given({
      'content-type': options.json === undefined ? undefined : 'application/json',
      'if-match': options.ifMatch,
      ...options.headers,
    }),
    body: options.json === undefined ? options.body : JSON.stringify(options.json),
    signal: options.signal,
  });

  const exchange = async (method: string, base: string, options: RequestOptions, patience?: number) => {
    const request = rawRequest(method, base, options);
    const reply = await transport.send({ ...request, patience });
    return { envelope: parseReply(reply.status, reply.body, method, request.path), reply };
  };

  /** What an answer says, or what comes of the operation that it names. */
  const settled = async (envelope: Exclude<Envelope, { type: 'error' }>, signal: AbortSignal | undefined) => {
    if (envelope.type === 'sync') return envelope.metadata;
    // Newer daemons answer some requests in the background that older ones answered at once.
    const operation = await waitOperation(transport, envelope.metadata.id, signal, () => {});
    if (operation.status_code !== 200) throw new OperationError(operation);
    return operation.metadata;
  };

  const requireExtension = async (name: string, options: CallOptions = {}) => {
    const { envelope } = await exchange('GET', '/1.0', options);
    const { api_extensions: extensions } = envelope.metadata as Pick<Server, 'api_extensions'>;
    if (!extensions.includes(name)) throw new MissingExtensionError(name, transport.server);
  };

  const started = (envelope: Exclude<Envelope, { type: 'error' }>): Operation | undefined =>
    envelope.type === 'async' ? envelope.metadata : undefined;

  return {
    transport,
    events,
    project,
    target,
    url,
    async request<T>(method: string, base: string, options: RequestOptions = {}) {
      const { envelope } = await exchange(method, base, options);
      return (await settled(envelope, options.signal)) as T;
    },
    async requestAny<T>(method: string, base: string, options: RequestOptions = {}) {
      const request = rawRequest(method, base, options);
      const reply = await transport.send(request);
      // Recorded output, logs, templates, metrics: what the daemon does not wrap is the answer itself.
      if (!isRefused(reply) && !isJson(reply)) return reply.body as T;
      const envelope = parseReply(reply.status, reply.body, method, request.path);
      return (await settled(envelope, options.signal)) as T;
    },
    async requestTagged<T>(base: string, options: RequestOptions = {}): Promise<Tagged<T>> {
      const { envelope, reply } = await exchange('GET', base, options);
      return { value: envelope.metadata as T, etag: String(reply.headers['etag'] ?? '') };
    },
    start(method, base, options, result, hasResult) {
      return new OperationRun(
        `${method} ${base}`,
        {
          async run(accepted, update, signal) {
            const { signal: _outer, extension, ...rest } = options;
            // What is given up before it is sent is not left open either.
            using _body = ending(options.body);
            if (extension !== undefined) await requireExtension(extension, { signal });
            using following = await events.tracker(project).prepare(signal);
            const { envelope } = await exchange(
              method,
              base,
              { ...rest, signal },
              options.body === undefined ? acceptance : undefined,
            );
            const operation = started(envelope);
            // Some requests are answered at once by older or newer daemons: nothing is left to wait for.
            if (operation === undefined) return finishedAtOnce(`${method} ${base}`, envelope.metadata);
            accepted(operation);
            return await following.end(operation, update, signal);
          },
          cancel: async (id) => {
            await exchange('DELETE', path`/1.0/operations/${id}`, {});
          },
          result,
          hasResult,
        },
        options,
      );
    },
    requireExtension,
    async accept(method, base, options = {}) {
      const { envelope } = await exchange(method, base, options);
      return started(envelope) ?? finishedAtOnce(`${method} ${base}`, envelope.metadata);
    },
    async raw(method, base, options = {}) {
      const request = rawRequest(method, base, options);
      const reply = await transport.send(request);
      if (isRefused(reply)) throw errorOfReply(reply.status, reply.body, method, request.path);
      return reply;
    },
    async rawStream(method, base, options = {}) {
      const request = rawRequest(method, base, options);
      const reply = await transport.sendForStream(request);
      if (isRefused(reply)) {
        const chunks: Buffer[] = [];
        for await (const chunk of reply.body) chunks.push(Buffer.from(chunk));
        throw errorOfReply(reply.status, Buffer.concat(chunks), method, request.path);
      }
      return reply;
    },
  };
}

/** A daemon sends no one elsewhere: a redirection is that of something before it. */
function isRefused({ status }: Pick<RawReply, 'status'>): boolean {
  return status >= 300;
}

function isJson({ headers }: RawReply): boolean {
  return String(headers['content-type'] ?? '').includes('json');
}

/** Destroys a body that is a stream, at the latest when all is done. */
function ending(body: RequestOptions['body']): Disposable {
  return { [Symbol.dispose]: () => void (body instanceof Readable && body.destroy()) };
}

function finishedAtOnce(description: string, metadata: unknown): Operation {
  const now = new Date().toISOString();
  return {
    id: '',
    class: 'task',
    description,
    created_at: now,
    updated_at: now,
    status: 'Success',
    status_code: 200,
    resources: null,
    metadata: typeof metadata === 'object' ? (metadata as Operation['metadata']) : null,
    may_cancel: false,
    err: '',
    location: 'none',
  };
}
