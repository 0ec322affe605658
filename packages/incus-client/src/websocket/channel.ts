import { Duplex } from 'node:stream';
import { hasEnded } from '../transport/has-ended.ts';
import { frameHeader, frameParser, opcode } from './frames.ts';

const nothing = Buffer.alloc(0);

interface ChannelOptions {
  /** The dialect of consoles: there is no end of file but the socket's. */
  readonly endsWithSocket?: boolean | undefined;
  /** The dialect of terminals: the far side's end of file is the end of both directions. */
  readonly endsTogether?: boolean | undefined;
  /** The error for a socket that ended before its end of file. */
  readonly lost?: ((cause: unknown) => Error | Promise<Error>) | undefined;
  /**
   * Nothing is ever written, neither an end of file nor an answer to a ping, which the daemon does not wait for. The daemon
   * hangs up after its own, and a write that meets that takes with it what has not been read yet.
   */
  readonly readOnly?: boolean | undefined;
}

/**
 * A byte stream over a websocket, in the daemon's dialect: binary frames carry bytes, and an **empty text frame is end of
 * file**, both ways. Back-pressure is the socket's own. A socket that ends before end of file is an error: bytes may be lost.
 */
export class Channel extends Duplex {
  readonly #socket: Duplex;
  readonly #endsWithSocket: boolean;
  readonly #endsTogether: boolean;
  readonly #readOnly: boolean;
  readonly #lostError: (cause: unknown) => Error | Promise<Error>;
  #ended = false;
  /** The write that met a socket that has gone, until it is known why. */
  #stranded: ((error?: Error | null) => void) | undefined;

  constructor(
    socket: Duplex,
    {
      endsWithSocket = false,
      endsTogether = false,
      readOnly = false,
      lost = lostChannel,
    }: ChannelOptions = {},
  ) {
    super({ highWaterMark: 256 * 1024, autoDestroy: true, allowHalfOpen: true });
    this.#socket = socket;
    this.#endsWithSocket = endsWithSocket;
    this.#endsTogether = endsTogether;
    this.#readOnly = readOnly;
    this.#lostError = lost;
    const pings: Buffer[] = [];
    const parse = frameParser({
      data: (kind, part, last) => {
        if (kind === 'text' && part.length === 0 && last) this.#endOfFile();
        else if (part.length > 0 && !this.push(part)) socket.pause();
      },
      control: (kind, payload) => {
        if (kind === 'ping') pings.push(Buffer.from(payload));
        if (kind === 'close') socket.end();
      },
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        parse(chunk);
        for (const payload of pings.splice(0))
          if (!readOnly && !this.#ended) send(socket, opcode.pong, payload);
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on('error', (error) => this.#lost(error));
    socket.on('end', () => this.#lost());
    socket.on('close', () => this.#lost());
    // While the other channels were attached.
    if (hasEnded(socket)) this.#lost(socket.errored ?? undefined);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // Bytes that have nowhere to go must not seem to be taken: a source that never waits would then hold the event loop, and
    // what tells why the socket has gone would never be heard.
    if (!this.#ended && isClosed(this.#socket)) this.#stranded = done;
    else send(this.#socket, opcode.binary, chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#readOnly) return done();
    send(this.#socket, opcode.text, nothing, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    this.#release(error ?? lostChannel(undefined));
    done(error);
  }

  #endOfFile(): void {
    this.#ended = true;
    // Nothing was lost: the far side is done, and takes no more.
    this.#release();
    this.push(null);
    if (this.#endsTogether) this.end();
  }

  #release(error?: Error): void {
    const stranded = this.#stranded;
    this.#stranded = undefined;
    stranded?.(error);
  }

  async #fail(cause: Error | undefined): Promise<void> {
    const error = await this.#lostError(cause);
    this.destroy(error);
  }

  #lost(cause?: Error): void {
    if (this.destroyed) return;
    if (!this.#ended && this.#endsWithSocket) this.#endOfFile();
    if (!this.#ended) void this.#fail(cause);
    // The far side reads no more: what is still to be written has nowhere to go.
    else if (!this.writableEnded) this.end();
  }
}

function lostChannel(cause: unknown): Error {
  return new Error('the channel was lost before its end of file', { cause });
}

function isClosed(socket: Duplex): boolean {
  return socket.destroyed || socket.writableEnded;
}

/** Sends one frame without copying its payload. */
export function send(
  socket: Duplex,
  code: number,
  payload: Uint8Array,
  done: (error?: Error | null) => void = () => {},
): void {
  if (isClosed(socket)) return done();
  socket.cork();
  socket.write(frameHeader(code, payload.length));
  if (payload.length > 0) socket.write(payload, done);
  socket.uncork();
  if (payload.length === 0) done();
}
