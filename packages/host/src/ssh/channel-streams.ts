import { Readable, Writable } from 'node:stream';

import type { ClientChannel } from 'ssh2';

interface Source {
  /** Why what is still to come is lost, if it is. */
  readonly lost: () => Error | undefined;
  /** What of a chunk is the command's own output; all of it without this. */
  readonly filter?: (chunk: Buffer) => Buffer;
  readonly onEnd?: () => void;
  readonly onDestroy: () => void;
}

/**
 * A channel's output as a stream of its own. ssh2 ends a channel cleanly when its connection is lost; here that is an
 * error, so that the half of an output is never taken for the whole.
 */
export function readableOf(channel: Readable, { lost, filter, onEnd, onDestroy }: Source): Readable {
  const readable = new Readable({
    read: () => void channel.resume(),
    destroy: (error, done) => {
      // The reader has left, but the channel only closes when it has been read.
      channel.resume();
      done(error);
      onDestroy();
    },
  });
  channel.on('data', (raw: Buffer) => {
    const chunk = filter?.(raw) ?? raw;
    if (chunk.length > 0 && !readable.destroyed && !readable.push(chunk)) channel.pause();
  });
  channel.on('end', () => {
    onEnd?.();
    const error = lost();
    if (error === undefined) readable.push(null);
    else readable.destroy(error);
  });
  return readable;
}

/** A channel's input as a stream of its own, closed with the channel: ssh2 never calls back for what it cannot send. */
export function writableOf(channel: ClientChannel, onDestroy: () => void): Writable {
  const writable = new Writable({
    write: (chunk: Buffer, _encoding, done) => void channel.write(chunk, done),
    final: (done) => {
      channel.end();
      done();
    },
    destroy: (error, done) => {
      channel.end();
      done(error);
      onDestroy();
    },
  });
  channel.once('close', () => writable.destroy());
  return writable;
}
