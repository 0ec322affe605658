import { asUser, sshHost } from '@cutover/host';
import { hostContract } from '@cutover/host/contract';
import * as vitest from 'vitest';

import { type Lab, type LabInstance, openLab } from '../../src/index.ts';

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

const soak = process.env['CUTOVER_SOAK'] !== undefined;
hostContract(vitest, { name: 'ssh to an instance', open: async () => sshHost(box.ssh), root: true, soak });

vitest.it('runs commands as another user there', async () => {
  await using host = sshHost(box.ssh);
  await host.run(['useradd', '--create-home', 'loops']);
  await using loops = asUser(host, 'loops');
  const { stdout } = await loops.run(['sh', '-c', 'id -un; echo $HOME; pwd']);
  vitest.expect(stdout).toBe('loops\n/home/loops\n/home/loops\n');
  await loops.writeFile('/home/loops/file', 'x', { mode: 0o600 });
  vitest.expect((await host.run(['stat', '-c', '%U %a', '/home/loops/file'])).stdout).toBe('loops 600\n');
});
