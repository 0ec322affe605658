import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withInterrupts } from '../src/interrupts.ts';

describe('an action that is interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with %s as what ended it, also from within Node',
    async (name) => {
      const interrupted = withInterrupts(async (signal) => {
        setImmediate(() => process.kill(process.pid, name));
        await delay(60_000, undefined, { signal });
      });
      await expect(interrupted).rejects.toMatchObject({ name: 'InterruptedError', signal: name });
      expect(process.listenerCount(name)).toBe(0);
    },
  );

  it('keeps every other error as it is', async () => {
    const error = new Error('other', { cause: new Error('cause') });
    await expect(withInterrupts(() => Promise.reject(error))).rejects.toBe(error);
  });
});
