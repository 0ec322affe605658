import { sshHost } from '@cutover/host';
import { hostContract } from '@cutover/host-contract/suite';
import * as vitest from 'vitest';

import { type Lab, type LabInstance, openLab } from '../../src/index.ts';

// From day to day the suite runs against a sshd of this machine, in the tests of the package itself.
let lab: Lab;
let box: LabInstance;
vitest.beforeAll(async () => {
  lab = await openLab();
  box = await lab.launch('host-ssh');
});
vitest.afterAll(async () => {
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

hostContract(vitest, {
  name: 'ssh to an instance',
  open: async () => sshHost(box.ssh),
  root: true,
  soak: true,
});
