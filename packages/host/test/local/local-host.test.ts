import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hostContract, rejection } from '@cutover/host-contract/suite';
import * as vitest from 'vitest';

import { localHost } from '../../src/index.ts';

hostContract(vitest, {
  realTimeSignals: false,
  name: 'local',
  open: async () => localHost(),
  root: process.getuid?.() === 0,
  soak: process.env['CUTOVER_SOAK'] !== undefined,
});

vitest.it('says that arguments are too long', async () => {
  await using host = localHost();
  const error = await rejection(host.run(['true', 'x'.repeat(200_000)]));
  vitest.expect(error).toMatchObject({ code: 'COMMAND_REFUSED', argv: ['true', vitest.expect.any(String)] });
});

vitest.it('gives this process’s environment to commands, and what env adds', async () => {
  await using host = localHost();
  vitest.vi.stubEnv('CUTOVER_INHERITED', 'inherited');
  const { stdout } = await host.run(['sh', '-c', 'echo $CUTOVER_INHERITED $ADDED'], {
    env: { ADDED: 'added' },
  });
  vitest.expect(stdout).toBe('inherited added\n');
  vitest.vi.unstubAllEnvs();
});

vitest.it('leaves nothing of an aborted write that had to be killed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'local-host-'));
  vitest.onTestFinished(async () => rm(directory, { recursive: true }));
  await using host = localHost();
  const path = join(directory, 'file');
  await writeFile(path, 'old');
  const data = Buffer.alloc(128 * 1024 * 1024);
  for (;;) {
    const controller = new AbortController();
    const writing = host.writeFile(path, data, { mode: 0o600, signal: controller.signal });
    writing.catch(() => undefined);
    await vitest.vi.waitUntil(async () => (await readdir(directory)).length === 2, { interval: 1 });
    // TERM waits for a process that is stopped, as it does for one that waits for a disk.
    const stop = ['pkill', '-STOP', '-f', `write-file ${directory} file`];
    const { exitCode } = await host.run(stop, { reject: false });
    // It was written before it could be stopped.
    if (exitCode !== 0) {
      await writing;
      continue;
    }
    controller.abort();
    vitest.expect(await rejection(writing)).toMatchObject({ code: 'COMMAND_ABORTED' });
    break;
  }
  vitest.expect(await readdir(directory)).toEqual(['file']);
});
