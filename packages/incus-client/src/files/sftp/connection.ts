import type { Duplex } from 'node:stream';
import type { Transport } from '../../transport/types.ts';
import { FileError, type FileErrorCode, IncusConnectionError, IncusError } from '../../errors.ts';
import { hasEnded } from '../../transport/has-ended.ts';
import { asError } from '../../transport/as-error.ts';
import { unlimited } from '../../transport/unlimited.ts';
import { PacketReader, PacketWriter, packetType, statusCode } from './packets.ts';

/** An answer: its type, and its payload after the request's id. */
export interface Answer {
  readonly type: number;
  readonly payload: Buffer;
}

type SftpTransport = Pick<Transport, 'server' | 'watch'>;

/** Bytes of the largest answer: the server (pkg/sftp) makes none beyond 256 KiB, but in a virtual machine it is the guest's. */
const largestPacket = 1024 * 1024;
/** Milliseconds that an answer may take. */
const silenceLimit = 50_000;

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests and answers of SFTP on one socket; any number of requests may be under way. */
export class SftpConnection {
  readonly #socket: Duplex;
  readonly #server: string;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #held: Buffer[] = [];
  #heldBytes = 0;
  readonly #lost = new AbortController();

  private constructor(socket: Duplex, transport: SftpTransport) {
    unlimited(this.#lost.signal);
    this.#socket = socket;
    this.#server = transport.server;
    const watch = transport.watch({
      what: 'SFTP',
      limit: silenceLimit,
      held: () => this.#pending.size === 0,
      dead: (error) => this.#end(error),
    });
    socket.once('close', () => watch[Symbol.dispose]());
    socket.on('data', (chunk: Buffer) => {
      watch.progress();
      try {
        this.#receive(chunk);
      } catch (error) {
        this.#end(error);
      }
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#fail());
    socket.on('close', () => this.#fail());
  }

  /** Agrees on version 3, the one that the daemon's server speaks. */
  static async open(socket: Duplex, transport: SftpTransport, signal?: AbortSignal): Promise<SftpConnection> {
    const connection = new SftpConnection(socket, transport);
    const abort = () => connection.#end(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('close', () => signal?.removeEventListener('abort', abort));
    const answer = new Promise<Answer>((resolve, reject) => connection.#pending.set(0, { resolve, reject }));
    if (signal?.aborted === true) abort();
    // It tells of its end only once.
    else if (hasEnded(socket)) connection.#fail(socket.errored);
    else socket.write(Buffer.from([0, 0, 0, 5, packetType.init, 0, 0, 0, 3]));
    await answer;
    return connection;
  }

  /** Aborted when the connection has ended, with why: what waits for anything else is given up with it. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** `data` follows `payload` in the packet, uncopied. Its buffer may be used again once the answer is there. */
  request(type: number, payload: PacketWriter, data?: Uint8Array): Promise<Answer> {
    if (this.lost.aborted) return Promise.reject(asError(this.lost.reason));
    const id = this.#nextId;
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1;
    const body = payload.toBuffer();
    const head = Buffer.alloc(9);
    head.writeUInt32BE(5 + body.length + (data?.length ?? 0), 0);
    head.writeUInt8(type, 4);
    head.writeUInt32BE(id, 5);
    const answer = new Promise<Answer>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#socket.cork();
    this.#socket.write(Buffer.concat([head, body]));
    if (data !== undefined) this.#socket.write(data);
    this.#socket.uncork();
    return answer;
  }

  /** For requests that are answered by a status alone. */
  async command(type: number, payload: PacketWriter, path: string, data?: Uint8Array): Promise<void> {
    const answer = await this.request(type, payload, data);
    if (answer.type !== packetType.status) throw this.unexpected(answer, path);
    const error = statusError(answer, path);
    if (error !== undefined) throw error;
  }

  /** The error for an answer that is not the one that was asked for: most often a status that says why. */
  unexpected(answer: Answer, path: string): Error {
    return (
      (answer.type === packetType.status ? statusError(answer, path) : undefined) ??
      new FileError('PROTOCOL_ERROR', path, `an SFTP answer of type ${answer.type} was not expected`)
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    for (;;) {
      const size = this.#packetSize();
      if (size === undefined) return;
      // The least is a type and the version, or the request's id.
      if (size < 9 || size > largestPacket)
        throw new IncusError(
          'PROTOCOL_ERROR',
          `an SFTP answer of ${this.#server} has a size of ${size} bytes`,
        );
      if (this.#heldBytes < size) return;
      this.#dispatch(this.#take(size));
    }
  }

  /** Bytes of the packet at the head, its length field included. */
  #packetSize(): number | undefined {
    if (this.#heldBytes < 4) return undefined;
    const [first] = this.#held;
    if (first === undefined || first.length < 4) this.#held = [Buffer.concat(this.#held)];
    return 4 + (this.#held[0]?.readUInt32BE(0) ?? 0);
  }

  #take(size: number): Buffer {
    this.#heldBytes -= size;
    const [first] = this.#held;
    if (first !== undefined && first.length >= size) {
      if (first.length === size) this.#held.shift();
      else this.#held[0] = first.subarray(size);
      return first.subarray(0, size);
    }
    const whole = Buffer.concat(this.#held);
    this.#held = whole.length === size ? [] : [whole.subarray(size)];
    return whole.subarray(0, size);
  }

  #dispatch(packet: Buffer): void {
    const type = packet.readUInt8(4);
    // The answer to the greeting has no id; it is kept under 0.
    const id = type === packetType.version ? 0 : packet.readUInt32BE(5);
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    waiting?.resolve({ type, payload: packet.subarray(9) });
  }

  #fail(cause?: unknown): void {
    const what = `lost the SFTP connection to ${this.#server}`;
    this.#end(new IncusConnectionError('CONNECTION_LOST', this.#server, what, { cause }));
  }

  /** All that is under way, and all that comes later, rejects with `reason`. */
  #end(reason: unknown): void {
    if (this.lost.aborted) return;
    this.#lost.abort(reason);
    for (const { reject } of this.#pending.values()) reject(this.lost.reason);
    this.#pending.clear();
    this.#socket.destroy();
  }
}

/** Whether an answer says that there is no more to read. */
export function isEndOfFile({ type, payload }: Answer): boolean {
  return type === packetType.status && payload.readUInt32BE(0) === statusCode.endOfFile;
}

function statusError({ payload }: Answer, path: string): FileError | undefined {
  const reader = new PacketReader(payload);
  const status = reader.uint32();
  if (status === statusCode.ok) return undefined;
  const message = reader.text();
  if (status === statusCode.noSuchFile) return new FileError('NOT_FOUND', path, 'there is no such file');
  return new FileError(codeOf(status, message), path, message);
}

/** Version 3 has one code for most of what goes wrong, so the sentence is all there is to go by. */
function codeOf(status: number, message: string): FileErrorCode {
  if (status === statusCode.permissionDenied) return 'FORBIDDEN';
  if (message.endsWith('file exists')) return 'ALREADY_EXISTS';
  return /(not|is) a directory$/.test(message) ? 'BAD_REQUEST' : 'API_ERROR';
}
