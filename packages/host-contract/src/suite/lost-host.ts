import type { Host } from '../host.ts';

/** Milliseconds that a host may take for a command that does nothing, after a test has failed. */
const patience = 10_000;

/**
 * After a failed test, asks the host whether it still answers. If it does not, the tests that follow fail at once and say so:
 * each would only wait for its time limit.
 */
export function failOnceLost(
  { afterEach, beforeEach }: Pick<typeof import('vitest'), 'afterEach' | 'beforeEach'>,
  open: () => Host | undefined,
): void {
  let lost: Error | undefined;
  beforeEach(() => {
    if (lost !== undefined) throw lost;
  });
  afterEach(async ({ task }) => {
    if (lost !== undefined || task.result?.state !== 'fail') return;
    const host = open();
    const answer = host?.run(['true'], { timeout: patience });
    await answer?.catch((cause: unknown) => {
      lost = new Error(`${host?.name} was lost in the test "${task.name}"`, { cause });
    });
  });
}
