import * as vitest from 'vitest';

import { hostContract } from '../../src/contract.ts';
import { rejection } from '../../src/contract/fixture.ts';
import { localHost } from '../../src/index.ts';

hostContract(vitest, {
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
