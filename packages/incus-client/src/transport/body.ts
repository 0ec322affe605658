import { Readable } from 'node:stream';

/** A body that is sent as it comes, and whether it waits for its source: then silence on the wire is no sign of anything. */
interface StreamedBody {
  readonly stream: Readable;
  waiting(): boolean;
}

/** `progress` is called for each chunk that is taken. */
export function streamedBody(source: Readable, progress: () => void): StreamedBody {
  let waiting = false;
  async function* chunks() {
    const iterator = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        waiting = true;
        const next = await iterator.next();
        waiting = false;
        if (next.done === true) return;
        progress();
        yield next.value;
      }
    } finally {
      source.destroy();
    }
  }
  return { stream: Readable.from(chunks(), { objectMode: false }), waiting: () => waiting };
}
