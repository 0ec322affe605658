import { getEventListeners } from 'node:events';

import { expect, test } from 'vitest';

import { untilAborted } from '../src/until-aborted.ts';

test('settles as the promise does, and leaves no listener', async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(signal, Promise.resolve(1))).toBe(1);
  await expect(untilAborted(signal, Promise.reject(new Error('why')))).rejects.toThrow('why');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('rejects with the reason of the signal, and takes what comes later for handled', async () => {
  const controller = new AbortController();
  let fail: (error: Error) => void = () => {};
  const late = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const waiting = untilAborted(controller.signal, late);
  controller.abort('enough');
  await expect(waiting).rejects.toBe('enough');
  await expect(untilAborted(controller.signal, late)).rejects.toBe('enough');
  fail(new Error('too late'));
});
