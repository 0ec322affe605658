import { mkdir, readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import type { IncusClient } from '@cutover/incus-client';
import type { LabFolders } from '../folders.ts';
import type { LabRecord } from '../record.ts';
import { createNetwork } from './networks.ts';

/** The project that the runbook makes its instance in; its client certificate sees nothing else. */
export const project = 'terraform-ci';
/** The storage pool of the lab's own instances. */
export const pool = 'lab';
/**
 * That of the runbook's instance, whose root disk has a size: from the first size on, btrfs counts every block of whatever
 * is deleted in a pool, a second of CPU for an instance.
 */
export const sizedPool = 'sized';
export const pools = [pool, sizedPool];
const httpsPort = 8443;

/** Files for a client over HTTPS, all PEM. */
export interface LabCertificates {
  /** Of the client that is restricted to {@link project}. */
  readonly certificate: string;
  readonly key: string;
  /** The daemon's own; its names are those of loopback, as a real one's often are, so it is to be pinned. */
  readonly serverCertificate: string;
}

export function certificateFiles(folders: LabFolders): LabCertificates {
  return {
    certificate: join(folders.certificates, 'terraform.crt'),
    key: join(folders.certificates, 'terraform.key'),
    serverCertificate: join(folders.incus, 'server.crt'),
  };
}

export function httpsUrl({ subnet }: Pick<LabRecord, 'subnet'>): string {
  return `https://${subnet}.1:${httpsPort}`;
}

/** Gives a fresh daemon its bridge, pools, listener, project and trusted client. */
export async function configure(client: IncusClient, folders: LabFolders, record: LabRecord): Promise<void> {
  const devices = {
    root: { type: 'disk', path: '/', pool },
    eth0: { type: 'nic', network: record.bridge },
  } as const;
  // A daemon that is started again starts nothing that a killed one left running.
  const config = { 'boot.autostart': 'false' };
  const network = async () => {
    await makeBridge(client, record);
    await ensureListening(client, record);
  };
  const storage = () =>
    Promise.all(
      pools.map((name) => client.storagePools.create({ name, driver: 'btrfs', config: { size: '24GiB' } })),
    );
  const [, , certificate] = await Promise.all([network(), storage(), makeClientCertificate(folders)]);
  await client.projects.create({
    name: project,
    config: { 'features.images': 'false', 'features.profiles': 'true' },
  });
  await Promise.all([
    client.profiles.update('default', { config, devices }),
    client.project(project).profiles.update('default', { config, devices }),
    client.certificates.add({ name: 'terraform', certificate, restricted: true, projects: [project] }),
  ]);
}

async function makeBridge(client: IncusClient, record: LabRecord): Promise<void> {
  const config = {
    'ipv4.address': `${record.subnet}.1/24`,
    'ipv4.nat': 'false',
    'ipv4.firewall': 'false',
    'ipv6.address': 'none',
    'dns.domain': 'lab',
  };
  await createNetwork(client, { name: record.bridge, config });
}

/**
 * Has the daemon listen on the bridge's address. When it starts again it tries that before it has brought the bridge up,
 * and after that only 30 s later, so it has to be told.
 */
export async function ensureListening(client: IncusClient, record: LabRecord): Promise<void> {
  const { hostname, port, host } = new URL(httpsUrl(record));
  if (await accepts(hostname, Number(port))) return;
  await client.server.patch({ config: { 'core.https_address': '' } });
  await client.server.patch({ config: { 'core.https_address': host } });
}

/** Whether a server takes connections there. */
function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection({ host, port, timeout: 2_000 });
    const answer = (accepted: boolean) => {
      connection.destroy();
      resolve(accepted);
    };
    connection.once('connect', () => answer(true));
    connection.once('timeout', () => answer(false));
    connection.once('error', () => answer(false));
  });
}

async function makeClientCertificate(folders: LabFolders): Promise<string> {
  await using machine = localHost();
  const { certificate, key } = certificateFiles(folders);
  await mkdir(folders.certificates, { recursive: true, mode: 0o700 });
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-sha384',
    '-days',
    '365',
  ];
  const files = ['-keyout', key, '-out', certificate];
  await machine.run(['openssl', 'req', '-x509', ...kind, '-subj', '/CN=terraform', ...files]);
  return readFile(certificate, 'utf8');
}
