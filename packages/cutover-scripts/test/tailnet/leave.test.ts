import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { HostConnectionError } from '@cutover/host';
import { IncusApiError } from '@cutover/incus-client';
import { provisionSteps } from '../../src/phases/a-provision.ts';
import { configureSteps } from '../../src/phases/b-configure.ts';
import { leaveTailnet } from '../../src/tailnet/leave.ts';
import { newHostStanding } from '../../src/tailnet/new-host-standing.ts';
import type { World } from '../../src/world/world.ts';
import { stepContext } from '../fixture/step-context.ts';
import { tailnetWorld } from './tailnet-world.ts';

const { signal } = new AbortController();

interface ListedNode {
  readonly id: string;
  readonly givenName: string;
  readonly ipAddresses: readonly string[];
}

const ours: ListedNode = { id: '7', givenName: 'cc-ci', ipAddresses: ['100.64.0.3'] };
const another: ListedNode = { id: '8', givenName: 'pi', ipAddresses: ['100.64.0.4'] };

/** A new host that has joined, and a control server with the calls of headscale that a leave needs. */
async function joined() {
  const tailnet = await tailnetWorld({ node: 'joined', name: 'cc-ci', token: 'hunter2' });
  const control = { nodes: [ours, another] as readonly ListedNode[], isSick: false };
  const server = createServer((request, reply) => {
    const id = /^\/api\/v1\/node\/(\w+)$/.exec(request.url ?? '')?.[1];
    if (request.method === 'DELETE' && control.isSick) {
      reply.writeHead(502).end('<html>bad gateway</html>');
      return;
    }
    if (request.method === 'DELETE') control.nodes = control.nodes.filter((node) => node.id !== id);
    reply.end(JSON.stringify({ nodes: control.nodes }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  onTestFinished(async () => {
    server.close();
    await tailnet[Symbol.asyncDispose]();
  });
  const api = {
    type: 'headscale',
    url: `http://127.0.0.1:${address.port}`,
    token: join(tailnet.folder, 'token'),
    tailnet: '-',
  };
  const state = async () => {
    throw new IncusApiError(404, 'GET', '/1.0/instances/cc-ci/state', 'Instance not found');
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that a leave reads of it
  const world = {
    settings: {
      name: 'cc-ci',
      nixos: {},
      tailnet: { api },
      old: { name: 'pi' },
      forge: { type: 'ssh', ssh: { host: 'forge' } },
    },
    secrets: { secrets: [] },
    here: tailnet.host,
    old: { name: 'pi' },
    oldRig: { name: 'pi' },
    incus: async () => ({ instances: { state } }),
    workDirectory: join(tailnet.folder, 'work'),
  } as unknown as World;
  return { tailnet, control, world };
}

test('a control server that fails after the logout is asked again, and the node does not stay in its list', async () => {
  const { tailnet, control, world } = await joined();
  control.isSick = true;
  await expect(leaveTailnet(world, tailnet.host, signal)).rejects.toThrow(/refused DELETE .*502/);
  expect(await tailnet.read('node')).toBe('fresh\n');
  control.isSick = false;
  await leaveTailnet(world, tailnet.host, signal);
  expect(control.nodes).toEqual([another]);
});

test('the node of an instance that is gone is removed, and no other that has its number or its address', async () => {
  const { tailnet, control, world } = await joined();
  expect(await newHostStanding(world, tailnet.host, { patience: 0, signal })).toMatchObject({
    problem: undefined,
  });
  const gone = {
    ...tailnet.host,
    run: async () => {
      throw new HostConnectionError('CONNECTION_FAILED', 'cc-ci', 'it is gone');
    },
  };
  const others = [
    { ...ours, ipAddresses: ['100.64.0.9'] },
    { ...another, ipAddresses: ['100.64.0.3'] },
  ];
  control.nodes = others;
  await leaveTailnet(world, gone, signal);
  expect(control.nodes).toEqual(others);

  control.nodes = [ours, another];
  await newHostStanding(world, tailnet.host, { patience: 0, signal });
  await leaveTailnet(world, gone, signal);
  expect(control.nodes).toEqual([another]);
});

test.each([
  ['join-tailnet', provisionSteps, {}],
  [
    'prove-tailnet',
    configureSteps,
    { proxy: { name: 'proxy', port: 1055, openToTailnet: false, forge: false } },
  ],
])('after a rollback %s sees that nothing is left of an instance that is gone', async (id, steps, nixos) => {
  const { world } = await joined();
  const step = steps.find((one) => one.id === id);
  const context = stepContext({
    ...world,
    settings: { ...world.settings, nixos: { ...world.settings.nixos, ...nixos } },
  });
  expect(await step?.check?.(context)).toMatchObject({ state: 'absent' });
});
