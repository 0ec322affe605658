import { setTimeout as sleep } from 'node:timers/promises';

import type { CommandStream } from '@cutover/host';

/** Ends a command by the end of its input, also where it is another user's and may not be signalled. */
export async function endInput(stream: CommandStream): Promise<void> {
  stream.stdin.end();
  await Promise.race([Promise.allSettled([stream.exit]), sleep(5000, undefined, { ref: false })]);
  await stream[Symbol.asyncDispose]();
}
