import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';

/** A way to a daemon's socket that can be slowed down and cut. */
export interface Proxy extends AsyncDisposable {
  readonly socketPath: string;
  /** How many connections are open whose last request line matches; all of them without a pattern. */
  open(pattern?: RegExp): number;
  /** Cuts the connections whose last request line matches, e.g. `/events`; all of them without a pattern. */
  cut(pattern?: RegExp): void;
  /** Bytes that have come in answer to the open request whose line matches; `undefined` while there is none. */
  answered(pattern: RegExp): number | undefined;
  /** Keeps back the requests whose line matches, until it is called with no pattern. */
  hold(pattern: Pick<RegExp, 'test'> | undefined): void;
  /** While refused, new connections are closed at once. */
  refuse(refused: boolean): void;
}

/** `delay`: milliseconds that each byte takes, each way. */
export async function proxyTo(target: string, delay = 0): Promise<Proxy> {
  const folder = await mkdtemp(join(tmpdir(), 'incus-proxy-'));
  const socketPath = join(folder, 'unix.socket');
  const connections = new Map<Socket, { readonly far: Socket; request: string; answered: number }>();
  const waiting: (() => void)[] = [];
  let held: Pick<RegExp, 'test'> | undefined;
  let refused = false;
  const server = createServer((near) => {
    near.on('error', () => {});
    if (refused) {
      near.destroy();
      return;
    }
    const far = new Socket();
    far.on('error', () => {});
    const connection = { far, request: '', answered: 0 };
    connections.set(near, connection);
    near.on('data', (chunk: Buffer) => {
      const line = /^[A-Z]+ \S+ HTTP/.exec(chunk.toString('latin1', 0, 400))?.[0];
      if (line !== undefined) Object.assign(connection, { request: line, answered: 0 });
    });
    far.on('data', (chunk: Buffer) => {
      connection.answered += chunk.length;
    });
    const gate = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const pass = () => done(null, chunk);
        if (held?.test(chunk.toString('latin1', 0, 400)) === true) waiting.push(pass);
        else pass();
      },
    });
    const arriving = near.pipe(gate).pipe(late(delay));
    // The daemon accepts nobody else while a connection says nothing: it is made when there is something to say.
    arriving.once('readable', () => {
      if (near.destroyed) return;
      far.connect(target);
      arriving.pipe(far);
      far.pipe(late(delay)).pipe(near);
    });
    const close = () => {
      connections.delete(near);
      near.destroy();
      far.destroy();
    };
    near.on('close', close);
    // What is still on its way arrives first.
    far.on('close', () => setTimeout(close, delay === 0 ? 0 : delay + 1_000));
  });
  server.listen(socketPath);
  await once(server, 'listening');
  const cut = (pattern = /^/) => {
    for (const [near, { far, request }] of connections) {
      if (!pattern.test(request)) continue;
      near.destroy();
      far.destroy();
    }
  };
  return {
    socketPath,
    open: (pattern = /^/) => [...connections.values()].filter(({ request }) => pattern.test(request)).length,
    cut,
    answered: (pattern) => [...connections.values()].find(({ request }) => pattern.test(request))?.answered,
    hold: (pattern) => {
      held = pattern;
      if (pattern === undefined) for (const pass of waiting.splice(0)) pass();
    },
    refuse: (now) => {
      refused = now;
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

function late(delay: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (delay === 0) {
        done(null, chunk);
        return;
      }
      // Held back one by one, but not one after the other: as on a long wire.
      setTimeout(() => this.push(chunk), delay);
      done();
    },
    flush(done) {
      setTimeout(done, delay);
    },
  });
}
