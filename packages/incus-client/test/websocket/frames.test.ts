import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameError, frameHeader, frameParser, opcode } from '../../src/websocket/frames.ts';

/** A frame as a server sends it: not masked. */
function serverFrame(code: number, payload: Buffer, final = true): Buffer {
  const header = frameHeader(code, payload.length);
  const unmasked = Buffer.from(header.subarray(0, -4));
  unmasked.writeUInt8((final ? 0x80 : 0) | code, 0);
  unmasked.writeUInt8(unmasked.readUInt8(1) & 0x7f, 1);
  return Buffer.concat([unmasked, payload]);
}

const message = fc.record({
  kind: fc.constantFrom<'text' | 'binary'>('text', 'binary'),
  fragments: fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
  ping: fc.option(fc.uint8Array({ maxLength: 125 }), { nil: undefined }),
});

test('whatever the cuts, messages come out as they went in, with control frames between their fragments', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
      (messages, cuts) => {
        const wire = Buffer.concat(
          messages.flatMap(({ kind, fragments, ping }) =>
            fragments.flatMap((fragment, index) => [
              ...(ping !== undefined && index === 1 ? [serverFrame(opcode.ping, Buffer.from(ping))] : []),
              serverFrame(
                index === 0 ? opcode[kind] : opcode.continuation,
                Buffer.from(fragment),
                index === fragments.length - 1,
              ),
            ]),
          ),
        );
        const seen: { kind: string; text: string }[] = [];
        const pings: string[] = [];
        let parts: Buffer[] = [];
        const parse = frameParser({
          data: (kind, part, last) => {
            parts.push(Buffer.from(part));
            if (!last) return;
            seen.push({ kind, text: Buffer.concat(parts).toString('hex') });
            parts = [];
          },
          control: (kind, payload) => {
            if (kind === 'ping') pings.push(payload.toString('hex'));
          },
        });
        for (let at = 0, turn = 0; at < wire.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          parse(wire.subarray(at, at + size));
          at += size;
        }
        expect(seen).toEqual(
          messages.map(({ kind, fragments }) => ({ kind, text: Buffer.concat(fragments).toString('hex') })),
        );
        expect(pings).toEqual(
          messages.flatMap(({ fragments, ping }) =>
            ping !== undefined && fragments.length > 1 ? [Buffer.from(ping).toString('hex')] : [],
          ),
        );
      },
    ),
  );
});

test.each([0, 125, 126, 65_535, 65_536, 100_000])(
  'a frame of %i bytes has the right length field',
  (length) => {
    const payload = Buffer.alloc(length, 7);
    let bytes = 0;
    let ended = false;
    frameParser({
      data: (_kind, part, last) => {
        bytes += part.length;
        ended = last;
      },
      control: () => {},
    })(serverFrame(opcode.binary, payload));
    expect({ bytes, ended }).toEqual({ bytes: length, ended: true });
  },
);

test('a client frame has the mask bit, for the daemon hangs up without it', () => {
  expect(frameHeader(opcode.binary, 5).readUInt8(1) & 0x80).toBe(0x80);
});

test('a masked frame from a server is refused', () => {
  const parse = frameParser({ data: () => {}, control: () => {} });
  expect(() => parse(Buffer.concat([frameHeader(opcode.text, 0)]))).toThrow(FrameError);
});
