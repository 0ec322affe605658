import { createHost, HostConnectionError } from '@cutover/host';
import { expect, it } from 'vitest';

import { reach } from '../../src/target/connection.ts';

it('says of a target that never answers that it could not be reached, and not that something was aborted', async () => {
  const silent = createHost({ name: 'web', spawn: () => new Promise(() => undefined) });
  const target = { name: 'web', connect: () => Promise.resolve(silent) };
  const reaching = reach(target, performance.now() + 300);
  await expect(reaching).rejects.toBeInstanceOf(HostConnectionError);
  await expect(reaching).rejects.toMatchObject({
    code: 'CONNECTION_FAILED',
    message: 'web did not answer in time',
    cause: { code: 'COMMAND_ABORTED' },
  });
});

it('ends with the reason of a caller who gives up', async () => {
  const silent = createHost({ name: 'web', spawn: () => new Promise(() => undefined) });
  const target = { name: 'web', connect: () => Promise.resolve(silent) };
  const reaching = reach(target, performance.now() + 60_000, AbortSignal.timeout(50));
  await expect(reaching).rejects.toMatchObject({ code: 'COMMAND_ABORTED' });
});
