import { expect, test } from 'vitest';
import { AsyncQueue } from '../src/async-queue.ts';

async function all<T>(queue: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

test('a reader gets what was pushed before and after it came, in order, and then the end', async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  const read = all(queue);
  queue.push(2);
  await Promise.resolve();
  queue.push(3);
  queue.end();
  queue.push(4);
  expect(await read).toEqual([1, 2, 3]);
});

test('a failure comes after what waits', async () => {
  const queue = new AsyncQueue<number>();
  queue.push(1);
  queue.fail(new Error('lost'));
  const items = queue[Symbol.asyncIterator]();
  expect(await items.next()).toEqual({ value: 1, done: false });
  await expect(items.next()).rejects.toThrow('lost');
});

test('what is beyond the limit is dropped, and the reader is told how much', async () => {
  const queue = new AsyncQueue<string>({ limit: 2, dropped: (count) => `${count} dropped` });
  for (const item of ['a', 'b', 'c', 'd']) queue.push(item);
  queue.end();
  expect(await all(queue)).toEqual(['a', 'b', '2 dropped']);
});
