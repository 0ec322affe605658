import { PassThrough, type Readable } from 'node:stream';
import { asError } from './as-error.ts';

/** The same bytes with the same back-pressure; a failure is told in our own words. */
export function translating(source: Readable, translate: (error: unknown) => unknown): Readable {
  const through = new PassThrough({ highWaterMark: 256 * 1024 });
  source.on('error', (error) => through.destroy(asError(translate(error))));
  through.on('close', () => source.destroy());
  return source.pipe(through);
}
