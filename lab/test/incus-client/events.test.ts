import { type GapEvent, type IncusClient, type IncusEvent, connectIncus } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { proxyTo } from './proxy.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const patience = 60_000;

/** Reads until `enough`. */
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
const isAbout = (event: IncusEvent | GapEvent, profile: string) =>
  event.type === 'lifecycle' && event.metadata.source.split('?')[0] === `/1.0/profiles/${profile}`;
const isEndOf = (event: IncusEvent | GapEvent, profile: string) =>
  isAbout(event, profile) && action(event) === 'profile-deleted';

let probes = 0;

/**
 * Waits until all that the daemon has said so far has come. It says nothing on a socket that it has yet to register, which it
 * does some time after the socket opened.
 */
async function caughtUp(client: IncusClient) {
  const name = `incus-client-${process.pid}-probe${probes++}`;
  let heard = false;
  const events = client.events({ types: ['lifecycle'], signal: AbortSignal.timeout(patience) });
  read(events, (event) => isAbout(event, name)).then(
    () => {
      heard = true;
    },
    () => {},
  );
  const probe = async () => {
    await lab.client.profiles.create({ name });
    await lab.client.profiles.delete(name);
    return heard;
  };
  await expect.poll(probe).toBe(true);
}

test('readers of different types share one socket and each gets its own', async () => {
  await using proxy = await proxyTo(lab.folders.socket);
  await using client = await connectIncus({ socketPath: proxy.socketPath });
  const signal = AbortSignal.timeout(patience);
  const profile = `incus-client-${process.pid}`;
  const lifecycle = read(client.events({ types: ['lifecycle'], signal }), (event) => isEndOf(event, profile));
  const both = read(client.events({ signal }), (event) => isEndOf(event, profile));
  // One for the events, one that requests are sent on.
  await expect.poll(() => proxy.open()).toBe(2);
  await caughtUp(client);
  expect(proxy.open(/\/events/)).toBe(1);
  await client.profiles.create({ name: profile });
  await client.profiles.delete(profile);
  expect((await lifecycle).filter((event) => isAbout(event, profile)).map(action)).toEqual([
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
  const seen = read(client.events({ types: ['lifecycle'], signal: AbortSignal.timeout(patience) }), (event) =>
    isEndOf(event, profile),
  );
  await caughtUp(client);
  await lab.client.profiles.create({ name: profile });
  await caughtUp(client);
  proxy.cut(/\/events/);
  await caughtUp(client);
  await lab.client.profiles.delete(profile);
  const told = (await seen).filter((event) => event.type === 'gap' || isAbout(event, profile));
  expect(told.map((event) => action(event) ?? event.type)).toEqual([
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
    signal: AbortSignal.timeout(patience),
  });
  const first = events.next();
  await caughtUp(lab.client);
  for (let turn = 0; turn < 5; turn += 1) {
    await lab.client.profiles.create({ name: profile });
    await lab.client.profiles.delete(profile);
  }
  await first;
  await caughtUp(lab.client);
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
