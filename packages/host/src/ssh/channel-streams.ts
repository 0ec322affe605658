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

/** Bytes of an output that wait for its reader; ssh2 holds a window of two MiB besides. */
const most = 1024 * 1024;

/**
 * A channel's output as a stream of its own. ssh2 ends a channel cleanly when its connection is lost; here that is an
 * error, so that the half of an output is never taken for the whole. What arrives while the reader is busy reaches it as
 * one chunk: a file written in chunks as small as ssh's packets is slower than the network.
 */
export function readableOf(channel: Readable, { lost, filter, onEnd, onDestroy }: Source): Readable {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let isWanted = false;
  let hasEnded = false;
  const passOn = (): void => {
    if (!isWanted || readable.destroyed) return;
    if (waitingBytes > 0) {
      isWanted = false;
      const [first = Buffer.alloc(0), ...rest] = waiting;
      const chunk = rest.length === 0 ? first : Buffer.concat(waiting, waitingBytes);
      waiting = [];
      waitingBytes = 0;
      channel.resume();
      readable.push(chunk);
    } else if (hasEnded) {
      readable.push(null);
    }
  };
  const readable = new Readable({
    read: () => {
      isWanted = true;
      passOn();
    },
    destroy: (error, done) => {
      // The reader has left, but the channel only closes when it has been read.
      waiting = [];
      channel.resume();
      done(error);
      onDestroy();
    },
  });
  channel.on('data', (raw: Buffer) => {
    const chunk = filter?.(raw) ?? raw;
    if (chunk.length === 0 || readable.destroyed) return;
    waiting.push(chunk);
    waitingBytes += chunk.length;
    passOn();
    if (waitingBytes >= most) channel.pause();
  });
  channel.on('end', () => {
    onEnd?.();
    hasEnded = true;
    const error = lost();
    if (error === undefined) passOn();
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
