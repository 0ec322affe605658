/** Finds in an output of a command the line by which its wrapper says how it ended, and passes on all the rest. */
export interface EndFinder {
  filter(chunk: Buffer): Buffer;
  /** What was held back, for it might have been the beginning of that line. */
  rest(): Buffer;
}

/** `found` gets the exit code as `sh` tells it: 128 + n for a death by signal n. */
export function createEndFinder(mark: string, found: (code: number) => void): EndFinder {
  const start = Buffer.from(`${mark}-end `);
  let held = Buffer.alloc(0);
  return {
    filter: (chunk) => {
      const seen = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const at = seen.indexOf(start);
      const end = at === -1 ? -1 : seen.indexOf('\n', at);
      if (end !== -1) {
        found(Number(seen.toString('latin1', at + start.length, end)));
        held = Buffer.alloc(0);
        return Buffer.concat([seen.subarray(0, at), seen.subarray(end + 1)]);
      }
      const keep = at === -1 ? seen.length - beginning(seen, start) : at;
      held = Buffer.from(seen.subarray(keep));
      return seen.subarray(0, keep);
    },
    rest: () => held,
  };
}

/** How many bytes at the end of `seen` could be the beginning of `start`. */
function beginning(seen: Buffer, start: Buffer): number {
  for (let length = Math.min(start.length - 1, seen.length); length > 0; length -= 1) {
    if (seen.subarray(-length).equals(start.subarray(0, length))) return length;
  }
  return 0;
}
