import type { Writable } from 'node:stream';
import type { Renderer } from './renderer.ts';

/** `--json`: each event as one line of JSON; those of the journal have a `seq`. */
export function ndjsonRenderer(output: Writable): Renderer {
  return {
    event(event) {
      output.write(`${JSON.stringify(event)}\n`);
    },
    pause: () => () => undefined,
    [Symbol.dispose]: () => undefined,
  };
}
