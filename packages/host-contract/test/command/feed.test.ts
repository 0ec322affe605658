import { PassThrough, Readable, Writable } from 'node:stream';

import { expect, test } from 'vitest';

import { createHost } from '../../src/index.ts';

test('an endless source and a command that takes all of it at once do not keep a timeout from being heard', async () => {
  const startedAt = performance.now();
  let ended: () => void = () => {};
  const stdout = new PassThrough();
  await using host = createHost({
    name: 'greedy',
    spawn: async () => ({
      stdin: new Writable({ write: (_chunk, _encoding, done) => done() }),
      stdout,
      stderr: Readable.from([]),
      exit: new Promise((resolve) => {
        ended = () => resolve({ exitCode: undefined, signal: 'SIGTERM' });
      }),
      kill: async () => {
        stdout.end();
        ended();
      },
    }),
  });
  async function* source(): AsyncGenerator<Uint8Array> {
    // What is wrong shows as a failure, not as a test that never ends.
    while (performance.now() - startedAt < 5_000) yield Buffer.alloc(65_536);
  }
  await expect(host.run(['cat'], { input: source(), timeout: 50 })).rejects.toMatchObject({
    code: 'COMMAND_TIMEOUT',
  });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
