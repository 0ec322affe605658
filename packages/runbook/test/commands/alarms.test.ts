import { expect, test } from 'vitest';
import { askAlarms } from '../../src/commands/alarms.ts';
import type { RunbookCommand } from '../../src/commands/context.ts';
import { createToy, toyRunbook, type ToyWorld } from '../engine/toy.ts';

const options = { config: 'toy.json' };

test('a look that gets no answer hides nothing of what the others found', async () => {
  await using toy = await createToy();
  const runbook = toyRunbook(toy, [], {
    alarms: {
      'the keys': async () => ['a key is back'],
      'the old host': (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
      'the new host': () => new Promise(() => undefined),
      'the forge': () => Promise.reject(new Error('connection refused')),
    },
  });
  const command: RunbookCommand<ToyWorld> = {
    name: 'toy',
    description: 'toy',
    alarms: true,
    load: async () => runbook,
  };
  expect(await askAlarms(command, options, { runId: 'r' }, 50)).toEqual([
    'a key is back',
    'the old host could not be asked: no answer within 0.05 s',
    'the new host could not be asked: no answer within 0.05 s',
    'the forge could not be asked: connection refused',
  ]);
  expect(await askAlarms(command, options, { runId: undefined }, 50)).toEqual([]);
});
