import { hostContract, testLimit } from '@cutover/host-contract/suite';
import { on } from '@cutover/host/zx';
import { arrivals, shellSuite } from '@cutover/host/zx/suite';
import { propertyRuns } from '@cutover/test-support/property-runs';
import { connectIncus, type IncusClient, incusHost } from '@cutover/incus-client';
import * as fc from 'fast-check';
import * as vitest from 'vitest';

import { type Lab, openLab } from '../../src/index.ts';
import { type Box, sleepingBox } from '../incus-client/box.ts';

let lab: Lab;
let box: Box;
let client: IncusClient;
vitest.beforeAll(async () => {
  lab = await openLab();
  box = await sleepingBox(lab);
  client = await connectIncus({ socketPath: lab.folders.socket });
});
vitest.afterAll(async () => {
  await client.close();
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const soak = process.env['CUTOVER_SOAK'] !== undefined;
const timeout = testLimit({ soak });
hostContract(vitest, {
  name: 'incus',
  open: async () => incusHost(client, box.name),
  root: true,
  exactSignals: false,
  soak,
});

vitest.it('passes any argv to an instance', { timeout }, async () => {
  await using host = incusHost(client, box.name);
  const argument = fc.string({ unit: 'binary' }).map((part) => part.replaceAll('\0', ''));
  await fc.assert(
    fc.asyncProperty(fc.array(argument, { minLength: 1, maxLength: 12 }), async (argv) => {
      const { stdout } = await host.run(['printf', '%s\\0', ...argv]);
      vitest.expect(stdout.split('\0').slice(0, -1)).toEqual(argv);
    }),
    propertyRuns(20, 1000),
  );
});

shellSuite(vitest, { name: 'incus', open: async () => incusHost(client, box.name), exactSignals: false });

vitest.it('passes each value to a shell in an instance as one argument', { timeout }, async () => {
  await using host = incusHost(client, box.name);
  const value = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
  await fc.assert(
    fc.asyncProperty(value, async (text) => {
      vitest.expect(new Set(await arrivals(on(host), text))).toEqual(new Set([text]));
    }),
    propertyRuns(20, 500),
  );
});
