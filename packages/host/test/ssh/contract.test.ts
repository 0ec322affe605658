import { hostContract } from '@cutover/host-contract/suite';
import * as vitest from 'vitest';

import { sshHost } from '../../src/index.ts';
import { startSshd } from './sshd.ts';

const sshd = await startSshd();
vitest.afterAll(async () => await sshd[Symbol.asyncDispose]());

hostContract(vitest, {
  name: 'ssh',
  open: async () => sshHost(sshd.options),
  root: process.getuid?.() === 0,
  soak: process.env['CUTOVER_SOAK'] !== undefined,
});
