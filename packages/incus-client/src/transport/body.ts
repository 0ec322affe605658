import { Readable } from 'node:stream';

/** A body that is sent as it comes, and whether it waits for its source: then silence on the wire is no sign of anything. */
interface StreamedBody extends Disposable {
  readonly stream: Readable;
  waiting(): boolean;
  /** Why its source failed, where it did. */
  failure(): { readonly error: unknown } | undefined;
}

/** `progress` is called for each chunk that is taken. Dispose of it at the end: its source may be waiting for more. */
export function streamedBody(source: Readable, progress: () => void): StreamedBody {
  let waiting = false;
  let failure: { readonly error: unknown } | undefined;
  async function* chunks() {
    const iterator = source[Symbol.asyncIterator]();
    const take = async () => {
      try {
        return await iterator.next();
      } catch (error) {
        failure = { error };
        throw error;
      }
    };
    for (;;) {
      waiting = true;
      const next = await take();
      waiting = false;
      if (next.done === true) return;
      progress();
      yield next.value;
    }
  }
  return {
    stream: Readable.from(chunks(), { objectMode: false }),
    waiting: () => waiting,
    failure: () => failure,
    [Symbol.dispose]: () => source.destroy(),
  };
}
