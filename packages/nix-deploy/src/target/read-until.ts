import type { Readable } from 'node:stream';

/** All lines up to one that is as wanted; `undefined` where none is. Leaving a `for await` must not end the stream. */
export async function readUntil(stream: Readable, wanted: RegExp): Promise<string | undefined> {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.endsWith('\n') && wanted.test(text)) return text;
  }
  return undefined;
}
