import { expect, test } from 'vitest';
import { OperationRun } from '../../src/follow/operation-run.ts';

function failing() {
  return new OperationRun(
    'failing',
    {
      run: () => Promise.reject(new Error('it failed')),
      cancel: async () => {},
      result: () => {},
    },
    {},
  );
}

async function unhandledAfter(act: () => unknown): Promise<unknown[]> {
  const seen: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (reason) => void seen.push(reason));
  try {
    await act();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return seen;
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const listener of others) process.on('unhandledRejection', listener);
  }
}

test('a run that fails and that nobody looks at is an unhandled rejection, as of any promise', async () => {
  expect(await unhandledAfter(() => void failing())).toEqual([new Error('it failed')]);
});

test('one that is awaited, begun to be followed, or handed on is not', async () => {
  const looks: ((run: OperationRun<void>) => unknown)[] = [
    async (run) => expect(run).rejects.toThrow('it failed'),
    async (run) => expect(await run.catch((error: unknown) => error)).toEqual(new Error('it failed')),
    async (run) => expect(run.finally(() => {})).rejects.toThrow('it failed'),
    async (run) => expect(run.started).rejects.toThrow('it failed'),
    async (run) => {
      for await (const _state of run.progress());
    },
  ];
  for (const look of looks) expect(await unhandledAfter(() => look(failing()))).toEqual([]);
});
