import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { NetworkForwardCreate } from '@cutover/incus-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pool } from '../../src/daemon/settings.ts';
import { type Lab, type LabInstance, openLab } from '../../src/index.ts';
import { emptyBox } from './box.ts';

const sources = fileURLToPath(new URL('../../../packages/incus-client/src', import.meta.url));

interface Field {
  readonly name: string;
  readonly optional: boolean;
}

/** The interfaces of the package, read from its sources: names of fields, those of what they extend included. */
async function interfaces(): Promise<ReadonlyMap<string, readonly Field[]>> {
  const declared = new Map<string, { readonly fields: Field[]; readonly parents: string[] }>();
  for (const entry of await readdir(sources, { recursive: true })) {
    if (!entry.endsWith('.ts')) continue;
    const file = ts.createSourceFile(
      entry,
      await readFile(join(sources, entry), 'utf8'),
      ts.ScriptTarget.Latest,
    );
    for (const statement of file.statements) {
      if (!ts.isInterfaceDeclaration(statement)) continue;
      const fields = statement.members.filter(ts.isPropertySignature).map((member) => ({
        name: ts.isStringLiteral(member.name) ? member.name.text : member.name.getText(file),
        optional: member.questionToken !== undefined,
      }));
      const parents = (statement.heritageClauses ?? []).flatMap((clause) =>
        clause.types.map((type) => type.expression.getText(file)),
      );
      declared.set(statement.name.text, { fields, parents });
    }
  }
  const all = (name: string): Field[] => {
    const found = declared.get(name);
    return found === undefined ? [] : [...found.parents.flatMap(all), ...found.fields];
  };
  return new Map([...declared.keys()].map((name) => [name, all(name)]));
}

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

/** The fields of our type that the daemon's answer has not, but for those that we call optional. */
function drift(type: string, answer: unknown): readonly string[] {
  const fields = types.get(type);
  if (fields === undefined) return [`no interface ${type}`];
  if (typeof answer !== 'object' || answer === null) return [`no answer for ${type}`];
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
  check('ServerResources', await lab.client.server.resources());
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
  // Only of a pool that counts: btrfs does so with quotas.
  for (const disk of Object.values(state.disk ?? {})) check('InstanceStateDisk', disk);
  check('InstanceStateNetwork', state.network?.['eth0']);
  check('InstanceAddress', state.network?.['eth0']?.addresses[0]);
  const metadata = await instances.metadata(box.name).get();
  check('InstanceMetadata', metadata);
  check('InstanceTemplate', Object.values(metadata.templates ?? {})[0]);
  expect(found).toEqual([]);
});

test('operations', async () => {
  const { found, check } = checks();
  const run = lab.client.instances.snapshots(box.name).create({ name: 's2' });
  check('Operation', await run.started);
  await run;
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
  check('NetworkState', await networks.state(name));
  check('NetworkLease', (await networks.leases(name))[0]);
  await networks.acls.create({
    name: unique,
    ingress: [
      { action: 'allow', state: 'enabled', source: '10.0.0.0/8', protocol: 'tcp', destination_port: '80' },
    ],
  });
  const acl = await networks.acls.get(unique);
  check('NetworkAcl', acl);
  expect(acl.ingress[0]).toMatchObject({ action: 'allow', source: '10.0.0.0/8', destination_port: '80' });
  await networks.acls.delete(unique);
  const on = (host: number) => box.address.replace(/\d+$/, String(host));
  const forward: NetworkForwardCreate = {
    listen_address: on(250),
    ports: [{ protocol: 'tcp', listen_port: '80', target_address: box.address }],
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
