import { hostContract } from '@cutover/host-contract/suite';
import * as vitest from 'vitest';

import { sshHost } from '../../src/index.ts';
import { startDropbear } from './dropbear.ts';

if (process.getuid?.() === 0) {
  const dropbear = await startDropbear();
  vitest.afterAll(async () => await dropbear[Symbol.asyncDispose]());
  const soak = process.env['CUTOVER_SOAK'] !== undefined;

  vitest.it('runs 40 at once', async () => {
    await using host = sshHost(dropbear.options);
    const numbers = Array.from({ length: 40 }, (_, index) => `${index}\n`);
    const results = await Promise.all(numbers.map(async (input) => await host.run(['cat'], { input })));
    vitest.expect(results.map(({ stdout }) => stdout)).toEqual(numbers);
  });

  hostContract(vitest, {
    name: 'ssh, dropbear',
    open: async () => sshHost(dropbear.options),
    root: true,
    soak,
    ...(!soak && { parts: ['commands', 'many', 'endings'] }),
  });
}
