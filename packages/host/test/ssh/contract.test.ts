import { hostContract } from '@cutover/host-contract/suite';
import { startSshd } from '@cutover/test-support/sshd';
import * as vitest from 'vitest';

import { sshHost } from '../../src/index.ts';

const sshd = await startSshd();
vitest.afterAll(async () => await sshd[Symbol.asyncDispose]());

hostContract(vitest, {
  name: 'ssh',
  open: async () => sshHost(sshd.options),
  root: process.getuid?.() === 0,
  soak: process.env['CUTOVER_SOAK'] !== undefined,
});
