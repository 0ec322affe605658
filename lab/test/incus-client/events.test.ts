import { type GapEvent, type IncusEvent, connectIncus } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { proxyTo } from './proxy.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** Reads until `enough`, giving up after 10 s. */
async function read(
  events: AsyncGenerator<IncusEvent | GapEvent>,
  enough: (event: IncusEvent | GapEvent) => boolean,
) {
  const seen: (IncusEvent | GapEvent)[] = [];
  for await (const event of events) {
    seen.push(event);
    if (enough(event)) return seen;
  }
  throw new Error('the events ended');
}

const action = (event: IncusEvent | GapEvent) =>
  event.type === 'lifecycle' ? event.metadata.action : undefined;

test('readers of different types share one socket and each gets its own', async () => {
  await using proxy = await proxyTo(lab.folders.socket);
  await using client = await connectIncus({ socketPath: proxy.socketPath });
  const signal = AbortSignal.timeout(10_000);
  const profile = `incus-client-${process.pid}`;
  const lifecycle = read(
    client.events({ types: ['lifecycle'], signal }),
    (event) => action(event) === 'profile-deleted',
  );
  const both = read(client.events({ signal }), (event) => action(event) === 'profile-deleted');
  await new Promise((resolve) => setTimeout(resolve, 300));
  // One for the events, one that requests are sent on.
  expect(proxy.open).toBe(2);
  await client.profiles.create({ name: profile });
  await client.profiles.delete(profile);
  expect((await lifecycle).map(action).filter((name) => name?.startsWith('profile'))).toEqual([
    'profile-created',
    'profile-deleted',
  ]);
  expect(new Set((await lifecycle).map(({ type }) => type))).toEqual(new Set(['lifecycle']));
  expect((await both).length).toBeGreaterThanOrEqual((await lifecycle).length);
});

test('a socket that was cut is opened again, and the gap is told', async () => {
  await using proxy = await proxyTo(lab.folders.socket);
  await using client = await connectIncus({ socketPath: proxy.socketPath });
  const profile = `incus-client-${process.pid}-gap`;
  const seen = read(
    client.events({ types: ['lifecycle'], signal: AbortSignal.timeout(10_000) }),
    (event) => action(event) === 'profile-deleted',
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  await lab.client.profiles.create({ name: profile });
  await new Promise((resolve) => setTimeout(resolve, 200));
  proxy.cut(/\/events/);
  await expect.poll(() => proxy.open).toBe(2);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await lab.client.profiles.delete(profile);
  const kinds = (await seen).map((event) => action(event) ?? event.type);
  expect(kinds.filter((kind) => kind === 'gap' || kind.startsWith('profile'))).toEqual([
    'profile-created',
    'gap',
    'profile-deleted',
  ]);
});

test('a reader that is behind is told how many it missed', async () => {
  const profile = `incus-client-${process.pid}-slow`;
  const events = lab.client.events({
    types: ['lifecycle'],
    bufferSize: 2,
    signal: AbortSignal.timeout(10_000),
  });
  const first = events.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (let turn = 0; turn < 5; turn += 1) {
    await lab.client.profiles.create({ name: profile });
    await lab.client.profiles.delete(profile);
  }
  await first;
  await new Promise((resolve) => setTimeout(resolve, 300));
  const gap = (await read(events, ({ type }) => type === 'gap')).at(-1);
  expect(gap).toMatchObject({ type: 'gap', reason: 'slow-reader' });
  expect(gap).toHaveProperty('missed', expect.any(Number));
});

test('an aborted reader rejects with the reason, and its end leaves no listener', async () => {
  const aborting = new AbortController();
  const events = lab.client.events({ signal: aborting.signal });
  // What other tests make the daemon say meanwhile is read as well.
  const reading = read(events, () => false);
  setTimeout(() => aborting.abort(new Error('enough')), 200);
  await expect(reading).rejects.toThrow('enough');
});
