import { expect, test } from 'vitest';
import { connectIncus } from '../../src/connect/connect-incus.ts';
import { OperationError, OperationLostError, WaitTimeoutError } from '../../src/errors.ts';
import { type Answer, accepted, failure, fixtureDaemon, operation, sync } from '../fixture/daemon.ts';

const done = operation({ status: 'Success', status_code: 200 });
const failed = operation({ status: 'Failure', status_code: 400, err: 'no space left' });

/** Starts an operation on a daemon that gives `waits` one after the other, the last for ever, and `read` for a plain GET. */
async function outcome(waits: readonly Answer[], read: Answer, options: { timeout?: number } = {}) {
  let turn = 0;
  await using daemon = await fixtureDaemon((method, path) => {
    if (method === 'PUT') return { status: 202, body: accepted(operation()) };
    if (path.endsWith('/wait')) return waits[Math.min(turn++, waits.length - 1)];
    return read;
  });
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const result: unknown = await client.instances.start('c1', options).then(
    () => 'success',
    (error: unknown) => error,
  );
  return { result, requests: daemon.requests };
}

test('since 6.0.5: the state is in the answer', async () => {
  expect((await outcome([{ body: sync(done) }], 'hang up')).result).toBe('success');
  expect((await outcome([{ body: sync(failed) }], 'hang up')).result).toMatchObject({
    code: 'OPERATION_FAILED',
    operationId: 'a1',
  });
});

test('since 6.0.5: 103 is a wait that timed out, not an end', async () => {
  const { result, requests } = await outcome([{ body: sync(operation()) }, { body: sync(done) }], 'hang up');
  expect(result).toBe('success');
  expect(requests.filter((request) => request.endsWith('/wait'))).toHaveLength(2);
});

test('6.0.4: an answer of type error is a failure when the operation says so', async () => {
  const { result } = await outcome([{ body: failure(500, 'no space left') }], { body: sync(failed) });
  expect(result).toBeInstanceOf(OperationError);
  expect(result).toMatchObject({
    operation: { err: 'no space left' },
    message: expect.stringContaining('no space left'),
  });
});

test('6.0.4: the same answer is a wait that timed out when the operation still runs', async () => {
  const { result } = await outcome([{ body: failure(500, '') }, { body: sync(done) }], {
    body: sync(operation()),
  });
  expect(result).toBe('success');
});

test('6.0.4: a failure whose operation has vanished since is never a success', async () => {
  const { result } = await outcome([{ body: failure(500, 'x') }], {
    status: 404,
    body: failure(404, 'not found'),
  });
  expect(result).toBeInstanceOf(OperationLostError);
});

test('an operation that vanished before it was waited for is lost', async () => {
  const gone: Answer = { status: 404, body: failure(404, 'not found') };
  expect((await outcome([gone], gone)).result).toBeInstanceOf(OperationLostError);
});

test('a connection cut in the middle of a wait is taken up again', async () => {
  expect((await outcome(['hang up', 'hang up', { body: sync(done) }], 'hang up')).result).toBe('success');
});

test('a timeout rejects, and asks for nothing to be cancelled', async () => {
  const { result, requests } = await outcome(['hang up'], 'hang up', { timeout: 300 });
  expect(result).toBeInstanceOf(WaitTimeoutError);
  expect(requests.some((request) => request.startsWith('DELETE'))).toBe(false);
});

test('a request that an old daemon answered at once is waited for where a new one works in the background', async () => {
  await using daemon = await fixtureDaemon((method, path) => {
    if (method === 'DELETE') return { status: 202, body: accepted(operation()) };
    return path.endsWith('/wait') ? { body: sync(failed) } : undefined;
  });
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await expect(client.profiles.delete('p')).rejects.toBeInstanceOf(OperationError);
});

test('an answer that is not that of an Incus server says so', async () => {
  await using daemon = await fixtureDaemon(() => ({ body: 'hello' }));
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await expect(client.instances.get('x')).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' });
});

test('modify writes again from a fresh reading when somebody else wrote in between', async () => {
  let writes = 0;
  const profile = { name: 'p', description: 'old', config: {}, devices: {}, used_by: [], project: 'default' };
  await using daemon = await fixtureDaemon((method) => {
    if (method === 'GET') return { body: sync(profile) };
    writes += 1;
    return writes < 3 ? { status: 412, body: failure(412, 'ETag does not match') } : { body: sync(null) };
  });
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await client.profiles.modify('p', () => ({ description: 'new' }));
  expect(daemon.requests.filter((request) => request.includes('/profiles'))).toEqual([
    'GET /1.0/profiles/p',
    'PUT /1.0/profiles/p',
    'GET /1.0/profiles/p',
    'PUT /1.0/profiles/p',
    'GET /1.0/profiles/p',
    'PUT /1.0/profiles/p',
  ]);
});

test('a missing API extension is named', async () => {
  await using daemon = await fixtureDaemon(() => undefined);
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await expect(client.server.requireExtension('instances_rebuild')).rejects.toMatchObject({
    code: 'EXTENSION_MISSING',
    extension: 'instances_rebuild',
  });
});

test('a daemon that is still starting is waited for, as one that is out of reach', async () => {
  const starting: Answer = { status: 503, body: failure(503, 'Daemon setup in progress') };
  let reads = 0;
  await using daemon = await fixtureDaemon((method) => {
    if (method === 'PUT') return { status: 202, body: accepted(operation()) };
    return ++reads < 3 ? starting : { body: sync(done) };
  });
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  await client.instances.start('c1');
  expect(reads).toBe(3);
});

test('a timeout of more days than a timer can count is not over at once', async () => {
  const { result } = await outcome([{ body: sync(operation()) }, { body: sync(done) }], 'hang up', {
    timeout: 30 * 86_400_000,
  });
  expect(result).toBe('success');
});

test('what is answered at once has started with that', async () => {
  await using daemon = await fixtureDaemon(() => ({ body: sync(null) }));
  await using client = await connectIncus({ socketPath: daemon.socketPath });
  const run = client.instances.rename('c1', 'c2');
  expect(await run.started).toMatchObject({ status_code: 200 });
  await run;
});
