import { IncusError } from '../errors.ts';

/** A part of a multipart body. Its content must be read before the next part is asked for. */
interface Part {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: AsyncIterable<Buffer>;
}

const headEnd = Buffer.from('\r\n\r\n');

/** Reads a multipart body as it comes (RFC 2046, section 5.1.1); no part is held whole. */
export async function* multipart(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<Part, void, void> {
  const source = body[Symbol.asyncIterator]();
  // The first delimiter has no line break before it: one is made up, so that all are alike.
  let held: Buffer = Buffer.from('\r\n');
  const delimiter = Buffer.from(`\r\n--${boundary}`);

  const more = async () => {
    const { done, value } = await source.next();
    if (done === true) throw new IncusError('PROTOCOL_ERROR', 'the image ended within one of its files');
    held = Buffer.concat([held, value]);
  };
  const upTo = async (mark: Buffer) => {
    for (;;) {
      const at = held.indexOf(mark);
      if (at !== -1) {
        const before = held.subarray(0, at);
        held = held.subarray(at + mark.length);
        return before;
      }
      await more();
    }
  };
  async function* content(state: { ended: boolean }): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const at = held.indexOf(delimiter);
      // A delimiter may have arrived by half: its length is kept back.
      const safe = at === -1 ? Math.max(0, held.length - delimiter.length + 1) : at;
      if (safe > 0) yield held.subarray(0, safe);
      held = held.subarray(safe);
      if (at !== -1) {
        held = held.subarray(delimiter.length);
        state.ended = true;
        return;
      }
      await more();
    }
  }

  await upTo(delimiter);
  for (;;) {
    while (held.length < 2) await more();
    if (held.toString('latin1', 0, 2) === '--') return;
    const headers = parseHeaders((await upTo(headEnd)).toString());
    const state = { ended: false };
    const reading = content(state);
    yield { headers, content: reading };
    while (!state.ended)
      if ((await reading.next()).done === true && !state.ended)
        throw new IncusError('BAD_REQUEST', 'a file of the image was left unread; read each before the next');
  }
}

function parseHeaders(text: string): Record<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).trim().toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
}
