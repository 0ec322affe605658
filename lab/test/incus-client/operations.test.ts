import {
  IncusApiError,
  type OperationError,
  WaitTimeoutError,
  ensureAbsent,
  ensureInstance,
} from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../src/index.ts';
import { soak } from './soak.ts';
import { type Box, sleepingBox } from './box.ts';

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

const name = `incus-client-${process.pid}`;
const source = () => ({ type: 'image', alias: lab.imageAlias }) as const;

test('a duplicate create rejects with a typed error that bears code and operation id', async () => {
  const error: unknown = await lab.client.instances.create({ name: box.name, source: source() }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'ALREADY_EXISTS' });
  // Incus 6.0 begins an operation, which fails; 7.0 does not even begin one.
  expect(error).toSatisfy(
    (reason) =>
      reason instanceof IncusApiError || /^[0-9a-f-]{36}$/.test((reason as OperationError).operationId),
  );
});

test('an image alias that is not there is told as such', async () => {
  const attempt = lab.client.instances.create({ name, source: { type: 'image', alias: 'no-such-image' } });
  await expect(Promise.resolve(attempt)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a missing command gives exit code 127', async () => {
  expect((await lab.client.exec.run(box.name, ['no-such-command'])).exitCode).toBe(127);
});

test('a timeout rejects and leaves the operation running', async () => {
  const session = await lab.client.exec.start(box.name, ['sleep', '600']);
  const wait = lab.client.operations.wait(session.operationId, { timeout: 300 });
  await expect(Promise.resolve(wait)).rejects.toBeInstanceOf(WaitTimeoutError);
  expect((await lab.client.operations.get(session.operationId)).status).toBe('Running');
  await session[Symbol.asyncDispose]();
});

test('an operation that nobody knows is not waited for', async () => {
  const wait = lab.client.operations.wait('2f1f1d1c-0000-4000-8000-000000000000');
  await expect(Promise.resolve(wait)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('progress comes as states, the last of which is the end', async () => {
  const run = lab.client.instances.create({ name, source: source() });
  const states: string[] = [];
  for await (const { status } of run.progress()) states.push(status);
  await run;
  expect(states.at(-1)).toBe('Success');
  expect((await run.started).description).toBe('Creating instance');
  await lab.client.instances.delete(name);
});

test('ensureInstance makes, adopts what is ours, and leaves alone what is not', async () => {
  const label = { 'user.cutover.test': name } as const;
  const wanted = { name, source: source(), config: { 'limits.memory': '256MiB' } };
  const [first, second] = await Promise.all([
    ensureInstance(lab.client, wanted, label),
    ensureInstance(lab.client, wanted, label),
  ]);
  expect([first.outcome, second.outcome].sort()).toEqual(['adopted', 'created']);
  expect(first.instance.status).toBe('Running');
  await lab.client.instances.stop(name, { force: true });
  const again = await ensureInstance(lab.client, wanted, label);
  expect(again).toMatchObject({
    outcome: 'adopted',
    instance: { status: 'Running', created_at: first.instance.created_at },
  });
  const { instances } = lab.client;
  await instances.setState(name, { action: 'freeze' });
  expect((await ensureInstance(lab.client, wanted, label)).instance.status).toBe('Running');
  // As a guest has it that tells the daemon of its readiness.
  await instances.patch(name, { config: { 'volatile.last_state.ready': 'true' } });
  expect((await ensureInstance(lab.client, wanted, label)).instance.status).toBe('Ready');
  await instances.setState(name, { action: 'freeze' });
  const other = { 'user.cutover.test': 'somebody else' } as const;
  await expect(ensureInstance(lab.client, wanted, other)).rejects.toMatchObject({ code: 'NOT_OURS' });
  await expect(ensureAbsent(lab.client, name, other)).rejects.toMatchObject({ code: 'NOT_OURS' });
  await Promise.all([ensureAbsent(lab.client, name, label), ensureAbsent(lab.client, name, label)]);
  expect(await lab.client.instances.exists(name)).toBe(false);
  await ensureAbsent(lab.client, name, label);
});

test('ensureInstance and ensureAbsent at work on one name: each has been true, and neither fails', async () => {
  const label = { 'user.cutover.test': name } as const;
  const wanted = {
    name,
    source: source(),
    config: { 'raw.lxc': 'lxc.init.cmd = /bin/sleep infinity' },
  };
  for (let round = soak(20, 5); round > 0; round -= 1) {
    const [made] = await Promise.all([
      ensureInstance(lab.client, wanted, label),
      ensureAbsent(lab.client, name, label),
      ...(round % 2 === 0 ? [ensureAbsent(lab.client, name, label)] : []),
    ]);
    expect(made.instance.name).toBe(name);
  }
  await ensureAbsent(lab.client, name, label);
  expect(await lab.client.instances.exists(name)).toBe(false);
});
