/** Opcodes of RFC 6455, section 5.2. */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Gets what a server sends. Data frames come in parts as they arrive, so that no frame is ever held whole. */
interface FrameHandler {
  /** `last`: the message ends with this part (which may be empty). */
  data(kind: 'text' | 'binary', part: Buffer, last: boolean): void;
  control(kind: 'close' | 'ping' | 'pong', payload: Buffer): void;
}

/** A server broke RFC 6455. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Returns the function to feed with what the socket reads. */
export function frameParser(handler: FrameHandler): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  let kind: 'text' | 'binary' = 'binary';
  let final = true;
  /** Payload bytes of the present data frame that are still to come; 0 between frames. */
  let remaining = 0;

  return (chunk) => {
    let buffer = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    held = Buffer.alloc(0);
    for (;;) {
      if (remaining > 0) {
        if (buffer.length === 0) return;
        const part = buffer.subarray(0, remaining);
        remaining -= part.length;
        buffer = buffer.subarray(part.length);
        handler.data(kind, part, final && remaining === 0);
        continue;
      }
      const header = parseHeader(buffer);
      if (header === undefined) break;
      const { code, size, length } = header;
      if (code >= opcode.close) {
        if (buffer.length < size + length) break;
        handler.control(controlKind(code), buffer.subarray(size, size + length));
        buffer = buffer.subarray(size + length);
        continue;
      }
      if (code === opcode.text) kind = 'text';
      else if (code === opcode.binary) kind = 'binary';
      final = header.final;
      remaining = length;
      buffer = buffer.subarray(size);
      if (length === 0) handler.data(kind, buffer.subarray(0, 0), final);
    }
    held = buffer;
  };
}

interface FrameHeader {
  readonly final: boolean;
  readonly code: number;
  /** Bytes of the header itself. */
  readonly size: number;
  /** Bytes of payload. */
  readonly length: number;
}

/** `undefined`: not all of the header is there yet. */
function parseHeader(buffer: Buffer): FrameHeader | undefined {
  if (buffer.length < 2) return undefined;
  const first = buffer.readUInt8(0);
  const second = buffer.readUInt8(1);
  if ((first & 0x70) !== 0) throw new FrameError('a frame with an extension that was not agreed on');
  if ((second & 0x80) !== 0) throw new FrameError('a masked frame from a server');
  const frame = { final: (first & 0x80) !== 0, code: first & 0x0f };
  const short = second & 0x7f;
  if (short < 126) return { ...frame, size: 2, length: short };
  if (short === 126)
    return buffer.length < 4 ? undefined : { ...frame, size: 4, length: buffer.readUInt16BE(2) };
  if (buffer.length < 10) return undefined;
  const length = buffer.readBigUInt64BE(2);
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new FrameError(`a frame of ${length} bytes`);
  return { ...frame, size: 10, length: Number(length) };
}

function controlKind(code: number): 'close' | 'ping' | 'pong' {
  if (code === opcode.close) return 'close';
  if (code === opcode.ping) return 'ping';
  if (code === opcode.pong) return 'pong';
  throw new FrameError(`a frame with the unknown opcode ${code}`);
}

/**
 * The header of one whole frame from a client. RFC 6455 has clients mask payloads so that a page in a browser cannot
 * choose the bytes that a proxy sees; we are no browser, so the key is zero and payloads pass uncopied.
 */
export function frameHeader(code: number, length: number): Buffer {
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended + 4);
  header.writeUInt8(0x80 | code, 0);
  header.writeUInt8(0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127), 1);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
