import { expect, test } from 'vitest';
import { once } from '../../src/world/once.ts';

const { signal } = new AbortController();

test('makes one for all who ask, again after a failure, and again when it was forgotten', async () => {
  let made = 0;
  const ask = once(async () => {
    made += 1;
    if (made === 1) throw new Error('not yet');
    return made;
  });
  await expect(ask(signal)).rejects.toThrow('not yet');
  expect(await Promise.all([ask(signal), ask(signal)])).toEqual([2, 2]);
  ask.forget();
  expect(await ask(signal)).toBe(3);
  expect(await ask(signal)).toBe(3);
});
