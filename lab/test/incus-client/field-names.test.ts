import { readFile } from 'node:fs/promises';
import type { NetworkForwardCreate } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pool } from '../../src/daemon/settings.ts';
import { type Lab, type LabInstance, openLab } from '../../src/index.ts';
import { emptyBox } from './box.ts';
import { type Field, fieldsOf, interfaces, wireFiles } from './interfaces.ts';

let lab: Lab;
let box: LabInstance;
let types: ReadonlyMap<string, readonly Field[]>;
const unique = `icf${process.pid}`;
beforeAll(async () => {
  types = await interfaces();
  lab = await openLab();
  box = await lab.launch('incus-client');
});
afterAll(async () => {
  await box[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** `Type.field` of each optional field that was in an answer, and the types whose answers were looked at. */
const seen = new Set<string>();
const looked = new Set<string>();

/** The fields of our type that the daemon's answer has not, but for those that we call optional. */
function drift(type: string, answer: unknown): readonly string[] {
  const fields = types.get(type);
  if (fields === undefined) return [`no interface ${type}`];
  if (typeof answer !== 'object' || answer === null) return [`no answer for ${type}`];
  looked.add(type);
  for (const { name } of fields) if (name in answer) seen.add(`${type}.${name}`);
  return fields
    .filter(({ name, optional }) => !optional && !(name in answer))
    .map(({ name }) => `${type}.${name}`);
}

/** Collects the drift of what is checked, so that a test shows all of it. */
function checks() {
  const found: string[] = [];
  return { found, check: (type: string, answer: unknown) => void found.push(...drift(type, answer)) };
}

test('the server, its hardware and its cluster', async () => {
  const { found, check } = checks();
  const server = await lab.client.server.get();
  check('Server', server);
  check('ServerEnvironment', server.environment);
  const resources = await lab.client.server.resources();
  check('ServerResources', resources);
  check('ResourcesCPU', resources.cpu);
  check('ResourcesMemory', resources.memory);
  check('ResourcesStorage', resources.storage);
  check('ResourcesSystem', resources.system);
  check('ResourcesLoad', resources.load);
  const { configs } = await lab.client.server.configurationKeys();
  check('MetadataConfigGroup', Object.values(configs['instance'] ?? {})[0]);
  check('Cluster', await lab.client.cluster.get());
  const [warning] = await lab.client.warnings.list();
  if (warning !== undefined) check('Warning', warning);
  expect(found).toEqual([]);
});

test('projects, profiles, certificates', async () => {
  const { found, check } = checks();
  check('Project', await lab.client.projects.get('default'));
  const state = await lab.client.projects.state('default');
  check('ProjectState', state);
  check('ProjectResource', Object.values(state.resources)[0]);
  check('Profile', await lab.client.profiles.get('default'));
  check('Certificate', (await lab.client.certificates.list())[0]);
  expect(found).toEqual([]);
});

test('instances, their state, snapshots, backups and metadata', async () => {
  const { found, check } = checks();
  await using empty = await emptyBox(lab);
  const { instances } = lab.client;
  await instances.snapshots(empty.name).create({ name: 's' });
  await instances.backups(empty.name).create({ name: 'b', compression_algorithm: 'none' });
  const full = await instances.getFull(empty.name);
  check('Instance', await instances.get(empty.name));
  check('InstanceFull', full);
  check('InstanceSnapshot', full.snapshots?.[0]);
  check('InstanceBackup', full.backups?.[0]);
  const state = await instances.state(box.name);
  check('InstanceState', state);
  check('InstanceStateMemory', state.memory);
  check('InstanceStateCpu', state.cpu);
  // Only of a pool that counts: btrfs does so with quotas.
  for (const disk of Object.values(state.disk ?? {})) check('InstanceStateDisk', disk);
  check('InstanceStateNetwork', state.network?.['eth0']);
  check('InstanceAddress', state.network?.['eth0']?.addresses[0]);
  const metadata = await instances.metadata(box.name).get();
  check('InstanceMetadata', metadata);
  check('InstanceTemplate', Object.values(metadata.templates ?? {})[0]);
  expect(found).toEqual([]);
});

test('operations and events', async () => {
  const { found, check } = checks();
  const events = lab.client.events({ signal: AbortSignal.timeout(60_000) });
  // The socket is open once the first event is asked for and something has happened.
  let open = false;
  const first = events.next().then(() => (open = true));
  await using empty = await emptyBox(lab);
  await vi.waitUntil(
    async () => {
      await lab.client.instances.patch(empty.name, { description: String(Math.random()) });
      return open;
    },
    { timeout: 30_000, interval: 200 },
  );
  await first;
  const run = lab.client.instances.snapshots(box.name).create({ name: 's2' });
  check('Operation', await run.started);
  await run;
  await lab.client.instances.rename(empty.name, `${empty.name}-2`);
  await lab.client.instances.rename(`${empty.name}-2`, empty.name);
  for await (const event of events) {
    if (event.type === 'operation') check('OperationEvent', event);
    if (event.type !== 'lifecycle') continue;
    check('LifecycleEvent', event);
    check('LifecycleEventMetadata', event.metadata);
    if (event.metadata.requestor !== undefined) check('Requestor', event.metadata.requestor);
    if (event.metadata.action === 'instance-renamed' && event.metadata.source.endsWith(empty.name)) break;
  }
  expect(found).toEqual([]);
});

test('images and aliases', async () => {
  const { found, check } = checks();
  const alias = await lab.client.images.getAlias(lab.imageAlias);
  check('ImageAlias', alias);
  const image = await lab.client.images.get(alias.target);
  check('Image', image);
  check('ImageAliasName', image.aliases[0]);
  expect(found).toEqual([]);
});

test('networks and what belongs to them', async () => {
  const { found, check } = checks();
  const { networks } = lab.client;
  // The lab's own bridge, where there are leases.
  const name = (await lab.client.profiles.get('default')).devices['eth0']?.['network'] ?? '';
  check('Network', await networks.get(name));
  const networkState = await networks.state(name);
  check('NetworkState', networkState);
  check('NetworkStateBridge', networkState.bridge);
  check('NetworkAllocation', (await networks.allocations())[0]);
  check('NetworkLease', (await networks.leases(name))[0]);
  await networks.acls.create({
    name: unique,
    ingress: [
      {
        action: 'allow',
        state: 'enabled',
        source: '10.0.0.0/8',
        destination: '10.1.0.0/16',
        protocol: 'tcp',
        source_port: '1024-65535',
        destination_port: '80',
        description: 'a rule',
      },
      { action: 'allow', state: 'enabled', protocol: 'icmp4', icmp_type: '8', icmp_code: '0' },
    ],
  });
  const acl = await networks.acls.get(unique);
  check('NetworkAcl', acl);
  for (const rule of acl.ingress) check('NetworkAclRule', rule);
  expect(acl.ingress[0]).toMatchObject({ action: 'allow', source: '10.0.0.0/8', destination_port: '80' });
  await networks.acls.delete(unique);
  const on = (host: number) => box.address.replace(/\d+$/, String(host));
  const forward: NetworkForwardCreate = {
    listen_address: on(250),
    ports: [
      {
        protocol: 'tcp',
        listen_port: '80',
        target_address: box.address,
        target_port: '8080',
        description: 'a port',
      },
    ],
  };
  // A forward touches every port of its bridge, and is refused when one of another test's instances has just gone.
  await vi.waitFor(() => networks.forwards(name).create(forward), { timeout: 20_000 });
  const made = await networks.forwards(name).get(on(250));
  check('NetworkForward', made);
  check('NetworkForwardPort', made.ports?.[0]);
  await networks.forwards(name).delete(on(250));
  const zone = `${unique}.example.org`;
  await networks.zones.create({ name: zone });
  check('NetworkZone', await networks.zones.get(zone));
  await networks.zones
    .records(zone)
    .create({ name: 'www', entries: [{ type: 'TXT', value: 'hello', ttl: 60 }] });
  const record = await networks.zones.records(zone).get('www');
  check('NetworkZoneRecord', record);
  check('NetworkZoneEntry', record.entries?.[0]);
  expect(record.entries).toMatchObject([{ type: 'TXT', value: 'hello', ttl: 60 }]);
  await networks.zones.records(zone).delete('www');
  await networks.zones.delete(zone);
  expect(found).toEqual([]);
});

test('storage pools and volumes', async () => {
  const { found, check } = checks();
  const { storagePools } = lab.client;
  check(
    'StoragePool',
    (await storagePools.list()).find(({ name }) => name === pool),
  );
  check('StoragePoolResources', await storagePools.resources(pool));
  const volumes = storagePools.volumes(pool);
  await volumes.create({ name: unique, description: 'a volume' });
  await volumes.snapshots(unique).create({ name: 's' });
  await volumes.backups(unique).create({ name: 'b', compression_algorithm: 'none' });
  check('Volume', await volumes.get(unique));
  check('VolumeState', await volumes.state(unique));
  check('VolumeSnapshot', (await volumes.snapshots(unique).list())[0]);
  check('VolumeBackup', (await volumes.backups(unique).list())[0]);
  await volumes.backups(unique).delete('b');
  await volumes.delete(unique);
  expect(found).toEqual([]);
});

/** Of answers: optional fields that no answer here has, and why. */
const unprovoked: Readonly<Record<string, string>> = {
  'NetworkForwardPort.snat': 'since Incus 7.0',
  'NetworkAllocation.network': 'since Incus 7.0',
  'InstanceState.os_info': 'of a virtual machine with an agent',
  'ResourcesMemory.nodes': 'of a machine whose kernel tells its NUMA nodes',
  'Image.update_source': 'of an image that came from another server: cluster.test.ts has one',
};

test('each optional field was seen in an answer, or it is known why not', () => {
  const optional = [...looked].flatMap((type) =>
    (types.get(type) ?? []).filter((field) => field.optional).map(({ name }) => `${type}.${name}`),
  );
  expect(optional.filter((field) => !seen.has(field) && !(field in unprovoked))).toEqual([]);
});

/** Names in our types that are no field of the daemon's, and why. */
const ours: Readonly<Record<string, string>> = {
  missed: 'of a gap, which is an event of this package',
  Limit: 'a field without a tag: the project state above has it',
  Usage: 'a field without a tag: the project state above has it',
  Average1Min: 'a field without a tag: the load above has it',
  Average5Min: 'a field without a tag: the load above has it',
  Average10Min: 'a field without a tag: the load above has it',
  Processes: 'a field without a tag: the load above has it',
};

/** What Incus 6.0 does not know: the same test on 7.0 sees that it does. */
const since7: ReadonlySet<string> = new Set(['snat', 'root_only', 'bucket_name']);

test('each name in a type of ours is one that the daemon itself reads and writes', async () => {
  const names = await daemonFields();
  const { environment } = await lab.client.server.get();
  const old = environment?.server_version.startsWith('6.') === true;
  const unknown = (await fieldsOf(wireFiles)).filter(
    ({ name }) => !names.has(name) && !(name in ours) && !(old && since7.has(name)),
  );
  expect(unknown).toEqual([]);
});

/** What can be said of a new thing or a changed one, and is not shown of it: fields of requests, and what they are. */
const onlySaid: Readonly<Record<string, string>> = {
  'InstanceCreate.source': 'what it is made from',
  'InstanceCreate.start': 'what is done next: areas.test.ts',
  'InstanceCreate.instance_type': 'a size of a cloud, which becomes limits',
  'InstanceStateChange.action': 'a deed: operations.test.ts',
  'InstanceStateChange.timeout': 'of the deed',
  'InstanceStateChange.force': 'of the deed',
  'InstanceStateChange.stateful': 'of the deed',
  'VolumeCreate.source': 'what it is made from: volumes.test.ts',
  'VolumeBackupCreate.compression_algorithm': 'of the making: volumes.test.ts',
  'VolumeBackupCreate.target': 'where it is made',
  'ClusterChange.cluster_address': 'of joining: cluster.test.ts',
  'ClusterChange.cluster_certificate': 'of joining: cluster.test.ts',
  'ClusterChange.cluster_token': 'of joining: cluster.test.ts',
  'ClusterChange.server_address': 'of joining: cluster.test.ts',
  'CertificateCreate.trust_token': 'of enrolling: trust.test.ts',
};

test('what a request may say is what an answer shows, or it is known why not', () => {
  const said = [...types].flatMap(([type, fields]) => {
    const shown = types.get(type.replace(/(Change|Create)$/, ''));
    if (!/(Change|Create)$/.test(type) || shown === undefined) return [];
    return fields
      .filter(({ name }) => !shown.some((field) => field.name === name))
      .map(({ name }) => `${type}.${name}`);
  });
  expect(said.filter((field) => !(field in onlySaid))).toEqual([]);
});

/** The JSON names in the running daemon: the tags of its structs, as they are in its executable. */
async function daemonFields(): Promise<ReadonlySet<string>> {
  const { environment } = await lab.client.server.get();
  const executable = await readFile(`/proc/${environment?.server_pid}/exe`);
  const names = new Set<string>();
  const mark = Buffer.from('json:"');
  for (let at = executable.indexOf(mark); at !== -1; at = executable.indexOf(mark, at + 1)) {
    const tag = executable.toString('latin1', at + mark.length, at + mark.length + 64);
    const name = /^[\w-]+/.exec(tag)?.[0];
    if (name !== undefined) names.add(name);
  }
  return names;
}
