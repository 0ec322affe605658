import type { Duplex } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { accepted, fixtureDaemon, operation, switchProtocols, sync } from '../fixture/daemon.ts';

const console = operation({
  class: 'websocket',
  description: 'Showing console',
  metadata: { fds: { control: 'secret-of-control', '0': 'secret-of-spice' } },
});
const gone = operation({ status: 'Failure', status_code: 400, err: 'the client went away' });

/** Answers each frame of a client, which are all short here, with the same bytes, unmasked. */
function echo(socket: Duplex): void {
  socket.on('data', (frame: Buffer) => {
    const payload = frame.subarray(6);
    socket.write(Buffer.concat([Buffer.from([frame[0] ?? 0, payload.length]), payload]));
  });
}

/** A daemon that has a virtual machine; `control` and `spice` are the sockets it has open. */
async function machine() {
  const open = { control: new Set<Duplex>(), spice: new Set<Duplex>() };
  const daemon = await fixtureDaemon(
    (method) => {
      if (method === 'POST') return { status: 202, body: accepted(console) };
      return { body: sync(open.control.size === 0 ? gone : console) };
    },
    ({ searchParams }, socket) => {
      const secret = searchParams.get('secret');
      if (secret === null) return false;
      switchProtocols(socket);
      const sockets = secret === 'secret-of-control' ? open.control : open.spice;
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
      if (sockets === open.spice) echo(socket);
      // As the daemon does: it hangs up on who hangs up.
      socket.once('end', () => socket.end());
      return true;
    },
  );
  return { daemon, open };
}

test('a viewer has as many SPICE connections as it wants, each with its own bytes, until it detaches', async () => {
  const { daemon, open } = await machine();
  await using _daemon = daemon;
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const session = await client.console.attachVga('vm');
  const [display, inputs] = [await session.connect(), await session.connect()];
  display.write('REDQ display');
  inputs.write('REDQ inputs');
  await vi.waitFor(() => expect(String(display.read())).toBe('REDQ display'), { timeout: 20_000 });
  await vi.waitFor(() => expect(String(inputs.read())).toBe('REDQ inputs'), { timeout: 20_000 });
  expect([open.control.size, open.spice.size]).toEqual([1, 2]);
  display.destroy();
  await vi.waitFor(() => expect(open.spice.size).toBe(1), { timeout: 20_000 });
  await session.detach();
  await vi.waitFor(() => expect([open.control.size, open.spice.size]).toEqual([0, 0]), { timeout: 20_000 });
});

test('aborting detaches, with its reason for those who read', async () => {
  const { daemon, open } = await machine();
  await using _daemon = daemon;
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const aborting = new AbortController();
  const session = await client.console.attachVga('vm', { signal: aborting.signal });
  const display = await session.connect();
  const read = display.toArray();
  aborting.abort(new Error('enough'));
  await expect(read).rejects.toThrow('enough');
  await vi.waitFor(() => expect(display.destroyed).toBe(true), { timeout: 20_000 });
  await vi.waitFor(() => expect([open.control.size, open.spice.size]).toEqual([0, 0]), { timeout: 20_000 });
});
