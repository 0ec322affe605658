import { Readable, Writable } from 'node:stream';

import type { ClientChannel } from 'ssh2';

interface Source {
  readonly window: Window;
  /** Why what is still to come is lost, if it is. */
  readonly lost: () => Error | undefined;
  /** What of a chunk is the command's own output; all of it without this. */
  readonly filter?: (chunk: Buffer) => Buffer;
  readonly onDestroy: () => void;
}

/** Bytes of an output that wait for its reader before the host is to send no more; a window of two MiB may be under way. */
const most = 1024 * 1024;

/**
 * The window of a channel, which its two outputs share. ssh2 opens it again whenever one of the two is read, and then what
 * comes on the other, whose reader is busy or never reads, would fill the memory. Here it stays as it is meanwhile.
 */
export interface Window {
  /** An output has as much waiting as it may have, or no longer. */
  full(output: Readable, isFull: boolean): void;
}

export function windowOf(channel: ClientChannel): Window {
  const full = new Set<Readable>();
  // ssh2 opens the window in `_read`, and at once where `push` says that there is room.
  const open = channel._read.bind(channel);
  for (const output of [channel, channel.stderr]) {
    const push = output.push.bind(output);
    output.push = (chunk: unknown) => push(chunk) && full.size === 0;
    output._read = (size) => {
      if (full.size === 0) open(size);
    };
  }
  return {
    full: (output, isFull) => {
      if (isFull) full.add(output);
      else if (full.delete(output) && full.size === 0) open(0);
    },
  };
}

/**
 * A channel's output as a stream of its own. ssh2 ends a channel cleanly when its connection is lost; here that is an
 * error, so that the half of an output is never taken for the whole. What arrives while the reader is busy reaches it as
 * one chunk: a file written in chunks as small as ssh's packets is slower than the network.
 */
export function readableOf(output: Readable, { window, lost, filter, onDestroy }: Source): Readable {
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
      window.full(output, false);
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
      window.full(output, false);
      done(error);
      onDestroy();
    },
  });
  output.on('data', (raw: Buffer) => {
    const chunk = filter?.(raw) ?? raw;
    if (chunk.length === 0 || readable.destroyed) return;
    waiting.push(chunk);
    waitingBytes += chunk.length;
    passOn();
    if (waitingBytes >= most) window.full(output, true);
  });
  output.on('end', () => {
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
