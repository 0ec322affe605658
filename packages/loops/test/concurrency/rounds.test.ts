import { expect, it } from 'vitest';
import { Background } from '../../src/concurrency/background.ts';
import { Rounds } from '../../src/concurrency/rounds.ts';

/** Waits for so many steps of what is under way. */
async function steps(count: number): Promise<void> {
  for (let step = 0; step < count; step += 1) await Promise.resolve();
}

it('begin again whenever they are asked for, also in the very step in which one ends', async () => {
  const { signal } = new AbortController();
  for (let when = 0; when < 20; when += 1) {
    let asked = 0;
    let seen = -1;
    const background = new Background((error) => expect.unreachable(String(error)));
    const rounds = new Rounds(
      async () => {
        seen = asked;
        await Promise.resolve();
      },
      background,
      signal,
    );
    const first = rounds.now();
    await steps(when);
    asked = 1;
    await rounds.now();
    await first;
    expect(seen, `asked for after ${when} steps`).toBe(1);
  }
});
