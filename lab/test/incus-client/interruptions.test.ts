import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type IncusClient, OperationLostError, connectIncus, incusHost } from '@cutover/incus-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { type Box, sleepingBox } from './box.ts';
import { proxyTo } from './proxy.ts';

let lab: Lab;
let box: Box;
beforeAll(async () => {
  lab = await openLab();
  box = await sleepingBox(lab);
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** What something rejected with. */
const told = (error: unknown) => error;

/** A client whose way to the daemon can be cut. */
async function farClient(delay = 0) {
  const proxy = await proxyTo(lab.folders.socket, delay);
  const client = await connectIncus({ socketPath: proxy.socketPath });
  return {
    proxy,
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

test('requests that are aborted leave no connection that would keep others from the daemon', async () => {
  await using client = await connectIncus({ socketPath: lab.folders.socket });
  await using session = await client.exec.start(box.name, ['sleep', '600']);
  const abort = new AbortController();
  const waits = Array.from({ length: 4 }, () =>
    client
      .request('GET', `/1.0/operations/${session.operationId}/wait`, { signal: abort.signal })
      .catch(told),
  );
  await client.server.get();
  abort.abort(new Error('given up'));
  expect(await Promise.all(waits)).toMatchObject(waits.map(() => ({ message: 'given up' })));
  // Longer than a connection may be silent; then less than the 20 s that a silent one would keep the daemon.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const signal = AbortSignal.timeout(15_000);
  await using other = await connectIncus({ socketPath: lab.folders.socket, signal });
  expect(await other.request('GET', '/1.0')).toMatchObject({ auth: 'trusted' });
});

test.each([
  ['before the daemon answered', /^POST \S+\/exec/],
  ['before its channels were attached', /^GET \S+\/websocket\?secret=/],
])('of a command that is cut off %s it is unknown whether it runs', async (_, request) => {
  await using far = await farClient();
  await far.client.server.get();
  far.proxy.hold(request);
  const running = incusHost(far.client, box.name).run(['true']).catch(told);
  await expect.poll(() => far.proxy.open(request)).toBeGreaterThan(0);
  far.proxy.refuse(true);
  far.proxy.cut(request);
  expect(await running).toMatchObject({
    code: 'CONNECTION_LOST',
    message: expect.stringContaining('unknown'),
  });
});

test('a body whose first piece is late is not taken for silence', async () => {
  await using client = await connectIncus({ socketPath: lab.folders.socket });
  const late = Readable.from(
    (async function* () {
      await new Promise((resolve) => setTimeout(resolve, 400));
      yield Buffer.from('late');
    })(),
  );
  await client.request('POST', `/1.0/instances/${box.name}/files`, { query: { path: '/late' }, body: late });
  expect((await client.files.read(box.name, '/late')).toString()).toBe('late');
});

// They wait for the daemon's own deadlines most of the time, so they wait together. Who polls needs its `own` expect then.
describe.concurrent('a way to the daemon that is cut or slow', () => {
  test.each([
    ['the events socket', /\/events/],
    ['every connection', /^/],
  ])(
    'cutting %s in the middle of operations: they resolve, and a failure is a failure',
    async (_what, pattern) => {
      await using far = await farClient();
      // Asked to shut down, it does not: the operation fails after the time it was given.
      await using stubborn = await sleepingBox(lab);
      const session = await lab.client.exec.start(box.name, ['sh', '-c', 'sleep 1.5; exit 7']);
      const good = far.client.operations.wait(session.operationId);
      const bad = far.client.instances.stop(stubborn.name, { shutdownTimeout: 1_000 });
      const stopped = bad.then(() => 'stopped', told);
      await Promise.all([good.started, bad.started]);
      far.proxy.refuse(true);
      far.proxy.cut(pattern);
      setTimeout(() => far.proxy.refuse(false), 700);
      const { metadata } = await good;
      expect(metadata).toMatchObject({ return: 7 });
      expect(await stopped).toMatchObject({ code: 'OPERATION_FAILED' });
      expect(await session.exit).toBe(7);
    },
  );

  test('an operation that ended and vanished while we were cut off is lost, never a success', async ({
    expect: own,
  }) => {
    await using far = await farClient();
    const session = await lab.client.exec.start(box.name, ['sleep', '3']);
    const wait = far.client.operations.wait(session.operationId);
    const outcome = wait.then(() => 'success', told);
    await wait.started;
    far.proxy.refuse(true);
    far.proxy.cut();
    await session.exit;
    // The daemon forgets an operation 5 s after its end.
    const look = () => lab.client.operations.get(session.operationId).catch(told);
    await own.poll(look, { timeout: 30_000 }).toMatchObject({ code: 'NOT_FOUND' });
    far.proxy.refuse(false);
    expect(await outcome).toBeInstanceOf(OperationLostError);
  });

  test('a request that was cut off before its answer is neither a success nor a refusal', async ({
    expect: own,
  }) => {
    await using far = await farClient();
    const session = await far.client.exec.start(box.name, ['sleep', '600']);
    // The daemon ends its answer when the operation ends, and not before.
    const path = `/1.0/operations/${session.operationId}/wait`;
    const outcome = far.client.request('GET', path).catch(told);
    await own.poll(() => far.proxy.answered(/\/wait/)).toBeDefined();
    far.proxy.cut(/\/wait/);
    expect(await outcome).toMatchObject({ code: 'CONNECTION_LOST' });
    await session[Symbol.asyncDispose]();
  });

  test('output that is lost before its end of file is an error', async () => {
    await using far = await farClient();
    await using session = await far.client.exec.start(box.name, ['sh', '-c', 'echo begin; sleep 600']);
    const read = async () => {
      for await (const _chunk of session.stdout) far.proxy.cut(/\/websocket/);
    };
    await expect(read()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test.for([
    ['SFTP', /\/sftp/, pull],
    ['the files endpoint', /\/files/, readAll],
  ] as const)(
    'a file that is cut off on its way over %s is an error',
    async ([, pattern, fetch], { expect: own }) => {
      await using far = await farClient();
      await lab.client.exec.run(box.name, ['truncate', '-s', '4G', '/large']);
      const outcome = fetch(far.client).catch(told);
      await own.poll(() => far.proxy.answered(pattern)).toBeGreaterThan(1e6);
      far.proxy.cut(pattern);
      expect(await outcome).toMatchObject({ code: 'CONNECTION_LOST' });
    },
  );

  test('a command that the daemon gave up before it could be attached is asked for again', async ({
    expect: own,
  }) => {
    await using far = await farClient();
    far.proxy.hold(/\/websocket/);
    const running = far.client.exec.run(box.name, ['sh', '-c', 'echo once >> /attached; cat /attached']);
    const givenUp = async () => {
      const operations = await lab.client.operations.list();
      return operations.some(({ err }) => /[Tt]imed out/.test(err));
    };
    await own.poll(givenUp, { timeout: 30_000 }).toBe(true);
    far.proxy.hold(undefined);
    const { exitCode, stdout } = await running;
    expect({ exitCode, text: stdout.toString() }).toEqual({ exitCode: 0, text: 'once\n' });
  });

  test('channels are attached in two steps: four attached in turn would be too late here', async () => {
    // At 0.7 s each way the fourth of them, one after the other, would come 5.6 s after the operation began.
    await using far = await farClient(700);
    const { exitCode, stdout } = await far.client.exec.run(box.name, ['sh', '-c', 'cat; exit 4'], {
      input: 'far away',
    });
    expect({ exitCode, text: stdout.toString() }).toEqual({ exitCode: 4, text: 'far away' });
  });
});

async function pull(client: IncusClient): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'incus-cut-'));
  try {
    await client.files.pull(box.name, '/large', join(folder, 'large'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readAll(client: IncusClient): Promise<void> {
  const { content } = await client.files.open(box.name, '/large');
  for await (const _chunk of content);
}
