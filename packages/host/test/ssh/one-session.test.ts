import { hostContract } from '@cutover/host-contract/suite';
import { startSshd } from '@cutover/test-support/sshd';
import * as vitest from 'vitest';

import { sshHost } from '../../src/index.ts';

const sshd = await startSshd({ configuration: ['MaxSessions 1'] });
vitest.afterAll(async () => await sshd[Symbol.asyncDispose]());
const soak = process.env['CUTOVER_SOAK'] !== undefined;

hostContract(vitest, {
  name: 'ssh, one session on a connection',
  open: async () => sshHost(sshd.options),
  root: process.getuid?.() === 0,
  soak,
  // There is no guardian: what signals and ends is done in another way.
  ...(!soak && { parts: ['endings', 'streams'] }),
});
