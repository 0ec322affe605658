import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startTimer } from '../src/long-timer.ts';

const day = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([0, 1, 24 * day, 25 * day, 100 * day])('calls after %d ms, once', (milliseconds) => {
  let calls = 0;
  using timer = startTimer(milliseconds, () => (calls += 1));
  timer.unref();
  if (milliseconds > 0) vi.advanceTimersByTime(milliseconds - 1);
  expect(calls).toBe(0);
  vi.advanceTimersByTime(1);
  expect(calls).toBe(1);
  vi.advanceTimersByTime(200 * day);
  expect(calls).toBe(1);
});

test('is stopped in any part of its time', () => {
  const timer = startTimer(100 * day, () => expect.unreachable());
  vi.advanceTimersByTime(30 * day);
  timer[Symbol.dispose]();
  vi.advanceTimersByTime(200 * day);
});
