import { IncusApiError } from '@cutover/incus-client';
import { expect, test } from 'vitest';
import { instanceState } from '../../src/new-host/new-host-off.ts';
import type { World } from '../../src/world/world.ts';

/** A world whose Incus answers like this. */
function answering(state: () => Promise<{ status: string }>): World {
  return { settings: { name: 'vm' }, incus: async () => ({ instances: { state } }) } as unknown as World;
}

const signal = AbortSignal.timeout(60_000);
const path = '/1.0/instances/vm/state?project=cc-ci';

test('an instance that is gone is stopped; of one in a project that is gone nothing is known', async () => {
  const refuse = (message: string) => async () => {
    throw new IncusApiError(404, 'GET', path, message);
  };
  const gone = 'Failed to fetch instance "vm" in project "cc-ci": Instance not found';
  expect(await instanceState(answering(refuse(gone)), signal)).toBe('stopped');
  await expect(instanceState(answering(refuse('Project not found')), signal)).rejects.toMatchObject({
    status: 404,
  });
});

test.each([
  ['Stopped', 'stopped'],
  ['Frozen', 'frozen'],
  ['Running', 'running'],
  ['Ready', 'running'],
  ['Error', 'running'],
])('one that Incus calls %s is %s', async (status, state) => {
  expect(
    await instanceState(
      answering(async () => ({ status })),
      signal,
    ),
  ).toBe(state);
});
