import { hostContract } from '@cutover/host/contract';
import { connectIncus, type IncusClient, incusHost } from '@cutover/incus-client';
import * as vitest from 'vitest';

import { type Lab, type LabInstance, openLab } from '../../src/index.ts';

let lab: Lab;
let box: LabInstance;
let client: IncusClient;
vitest.beforeAll(async () => {
  lab = await openLab();
  box = await lab.launch('host-incus');
  client = await connectIncus({ socketPath: lab.folders.socket });
});
vitest.afterAll(async () => {
  await client.close();
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

hostContract(vitest, {
  name: 'incus',
  open: async () => incusHost(client, box.name),
  root: true,
  exactSignals: false,
  soak: process.env['CUTOVER_SOAK'] !== undefined,
});
