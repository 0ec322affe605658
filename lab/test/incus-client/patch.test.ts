import type { NamedResources } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNetwork, deleteNetwork } from '../../src/daemon/networks.ts';
import { type Lab, openLab } from '../../src/index.ts';
import { emptyBox } from './box.ts';

let lab: Lab;
const unique = `icp${process.pid}`;
const network = `p${process.pid}`;
beforeAll(async () => {
  lab = await openLab();
  const config = {
    'ipv4.address': '10.99.98.1/24',
    'ipv4.nat': 'false',
    'ipv4.firewall': 'false',
    'ipv4.dhcp': 'false',
    'ipv6.address': 'none',
    'dns.mode': 'none',
  };
  await createNetwork(lab.client, { name: network, description: 'of a test', config });
});
afterAll(async () => {
  await deleteNetwork(lab.client, network);
  await lab[Symbol.asyncDispose]();
});

interface Described {
  readonly description?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/** Patches one thing at a time, and holds that the rest stayed as it was. */
async function expectOnlyChange<Change extends Described>(
  area: Pick<NamedResources<Described, never, Change>, 'get' | 'patch'>,
  name: string,
  change: (some: Described) => Change,
) {
  const before = await area.get(name);
  await area.patch(name, change({ config: { 'user.one': '1' } }));
  await area.patch(name, change({ config: { 'user.two': '2' } }));
  const config = { ...before.config, 'user.one': '1', 'user.two': '2' };
  expect(await area.get(name)).toEqual({ ...before, config });
  await area.patch(name, change({ description: 'changed' }));
  expect(await area.get(name)).toEqual({ ...before, config, description: 'changed' });
}

test('a patch of a network, a forward, an ACL, a zone or a record leaves the rest as it was', async () => {
  const { networks } = lab.client;
  await expectOnlyChange(networks, network, (some) => some);
  const forwards = networks.forwards(network);
  const listen_address = '10.99.98.7';
  const ports = [{ protocol: 'tcp', listen_port: '80', target_address: '10.99.98.9' }] as const;
  await forwards.create({ listen_address, description: 'of a test', ports });
  await expectOnlyChange(forwards, listen_address, (some) => some);
  await forwards.delete(listen_address);

  await networks.acls.create({
    name: unique,
    description: 'of a test',
    ingress: [{ action: 'allow', state: 'enabled' }],
  });
  await expectOnlyChange(networks.acls, unique, (some) => some);
  await networks.acls.delete(unique);

  const zone = `${unique}.example`;
  await networks.zones.create({ name: zone, description: 'of a test' });
  await expectOnlyChange(networks.zones, zone, (some) => some);
  const records = networks.zones.records(zone);
  await records.create({ name: 'www', description: 'of a test', entries: [{ type: 'TXT', value: 'v' }] });
  await expectOnlyChange(records, 'www', (some) => some);
  await records.delete('www');
  await networks.zones.delete(zone);
});

test('a patch of a pool, a volume, a profile or a project leaves the rest as it was', async () => {
  const { storagePools, profiles, projects } = lab.client;
  await storagePools.create({ name: unique, driver: 'dir', description: 'of a test' });
  await expectOnlyChange(storagePools, unique, (some) => some);
  const volumes = storagePools.volumes(unique);
  await volumes.create({ name: 'v', description: 'of a test' });
  await expectOnlyChange({ ...volumes, get: (name) => volumes.get(name) }, 'v', (some) => some);
  await volumes.delete('v');
  await storagePools.delete(unique);

  await profiles.create({ name: unique, description: 'of a test', devices: { eth9: { type: 'none' } } });
  await expectOnlyChange(profiles, unique, (some) => some);
  await profiles.patch(unique, { devices: { eth8: { type: 'none' } } });
  expect(Object.keys((await profiles.get(unique)).devices).sort()).toEqual(['eth8', 'eth9']);
  await profiles.delete(unique);

  await projects.create({ name: unique, description: 'of a test' });
  await expectOnlyChange(projects, unique, (some) => some);
  await projects.delete(unique);
});

test('a patch of an instance leaves the rest as it was, and heeds the ETag it is given', async () => {
  await using empty = await emptyBox(lab);
  const { instances } = lab.client;
  await instances.patch(empty.name, { description: 'of a test', devices: { eth9: { type: 'none' } } });
  const before = await instances.get(empty.name);
  await instances.patch(empty.name, { config: { 'user.one': '1' } });
  const { value, etag } = await instances.getTagged(empty.name);
  expect(value).toMatchObject({
    description: 'of a test',
    devices: before.devices,
    profiles: before.profiles,
    config: { ...before.config, 'user.one': '1' },
  });
  await instances.patch(empty.name, { config: { 'user.two': '2' } }, { ifMatch: etag });
  await expect(
    instances.patch(empty.name, { config: { 'user.two': '3' } }, { ifMatch: etag }),
  ).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
});

test('changes that one client makes at the same moment all stay', async () => {
  const { profiles } = lab.client;
  await profiles.create({ name: unique });
  const keys = Array.from({ length: 8 }, (_, index) => `user.key${index}`);
  await Promise.all(
    keys.map((key, index) =>
      index % 2 === 0
        ? profiles.patch(unique, { config: { [key]: '1' } })
        : profiles.modify(unique, ({ config }) => ({ config: { ...config, [key]: '1' } })),
    ),
  );
  expect(Object.keys((await profiles.get(unique)).config).toSorted()).toEqual(keys);
  const enough = AbortSignal.abort(new Error('enough'));
  await expect(profiles.patch(unique, { description: 'x' }, { signal: enough })).rejects.toThrow('enough');
  await profiles.patch(unique, { description: 'after' });
  await profiles.delete(unique);
});

test('load balancers and peers are refused by a bridge, in words and with a code', async () => {
  const loadBalancers = lab.client.networks.loadBalancers(network);
  const listen_address = '10.99.98.7';
  const peers = lab.client.networks.peers(network);
  const attempts = [
    loadBalancers.list(),
    loadBalancers.get(listen_address),
    loadBalancers.create({
      listen_address,
      backends: [{ name: 'one', target_address: '10.99.98.9', target_port: '80' }],
      ports: [{ protocol: 'tcp', listen_port: '80', target_backend: ['one'] }],
    }),
    loadBalancers.update(listen_address, { description: 'x' }),
    loadBalancers.delete(listen_address),
    peers.list(),
    peers.get('there'),
    peers.create({ name: 'there', target_project: 'default', target_network: network }),
    peers.update('there', { description: 'x' }),
    peers.delete('there'),
  ];
  const refusals = await Promise.allSettled(attempts);
  for (const refusal of refusals)
    expect(refusal).toMatchObject({
      status: 'rejected',
      reason: {
        name: 'IncusApiError',
        code: 'BAD_REQUEST',
        message: expect.stringMatching(/"bridge" does not support (load balancers|peering)/),
      },
    });
});
