import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { existsSync } from 'node:fs';
import { localHost } from '@cutover/host';
import { type IncusClient, connectIncus } from '@cutover/incus-client';
import { destroy, takeDown } from './daemon/clean-up.ts';
import {
  type LabCertificates,
  certificateFiles,
  configure,
  httpsUrl,
  ensureListening,
  pool,
  project,
} from './daemon/settings.ts';
import { isRunning, startDaemon } from './daemon/start.ts';
import { type LabFolders, checkout, foldersIn, labFolders, labsFolder } from './folders.ts';
import { imageAlias, importImage, rootFileSystem } from './image/import-image.ts';
import { overlayHash, overlays } from './image/overlay.ts';
import { deleteThrowaways, type LabInstance, type LaunchOptions, launch } from './launch.ts';
import { liveLeases, takeLease } from './leases.ts';
import { lock } from './lock.ts';
import { type OperatorKey, operatorKey } from './operator-key.ts';
import { type LabRecord, labSchema, readRecord, writeRecord } from './record.ts';
import { chooseSubnet } from './subnet.ts';

export interface OpenLabOptions {
  /** Labs of one checkout with different names have nothing in common. Default: the checkout's one lab. */
  readonly name?: string;
  /** Throw away what is there first. */
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
  /** Called with what is being done, where that takes more than a moment. */
  readonly onProgress?: (text: string) => void;
}

/**
 * A running Incus daemon with all that belongs to it. Disposing of it gives it back: the last one to do so takes the daemon,
 * its instances, its bridge and its mounts down, and leaves on disk what makes the next start quick.
 */
export interface Lab extends AsyncDisposable {
  readonly folders: LabFolders;
  /** The daemon over its unix socket, in the project `default`, where the lab's own hosts are. */
  readonly client: IncusClient;
  /** The daemon's address for clients elsewhere, e.g. `https://10.104.7.1:8443`. */
  readonly url: string;
  readonly certificates: LabCertificates;
  /** The one project that `certificates` give access to. */
  readonly project: string;
  readonly imageAlias: string;
  /** The bridge's network, e.g. `10.104.7.0/24`. */
  readonly subnet: string;
  readonly operator: OperatorKey;
  /** A throw-away instance from the image, ready for ssh; deleted when it is disposed of. */
  launch(name: string, options?: LaunchOptions): Promise<LabInstance>;
  /** Leave it up when everybody has given it back, until {@link closeLab}. */
  keep(): Promise<void>;
}

/** Opens the lab of this checkout: adopts it where it runs, starts it where it does not, makes it where there is none. */
export async function openLab(options: OpenLabOptions = {}): Promise<Lab> {
  const { name = '', fresh = false, signal, onProgress = () => {} } = options;
  const folders = labFolders(name);
  await sweep(folders.id);
  await using _turn = await lock(folders.id, signal);
  if (fresh) await destroyUnused(folders);
  let record = await startRecorded(folders, onProgress, signal);
  if (record === undefined) {
    await destroyUnused(folders);
    record = await makeLab(folders, name, onProgress, signal);
  }
  const client = await connectIncus({ socketPath: folders.socket });
  try {
    await ensureListening(client, record);
    if ((await liveLeases(folders.leases)).length === 0) await deleteThrowaways(client);
    record = await refreshImage(client, folders, record, onProgress, signal);
    const lease = await takeLease(folders.leases);
    const operator = await operatorKey(folders);
    return {
      folders,
      client,
      url: httpsUrl(record),
      certificates: certificateFiles(folders),
      project,
      imageAlias,
      subnet: `${record.subnet}.0/24`,
      operator,
      launch: (prefix, launchOptions = {}) => launch(client, operator, prefix, launchOptions),
      keep: () => setKept(folders, true),
      async [Symbol.asyncDispose]() {
        await client.close();
        await using _ending = await lock(folders.id);
        await rm(lease, { force: true });
        await takeDownUnused(folders);
      },
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Takes a lab down, kept or not. @returns the processes that use it, where there are any: then it stays as it is. */
export async function closeLab(name = ''): Promise<number[]> {
  const folders = labFolders(name);
  await using _turn = await lock(folders.id);
  await setKept(folders, false);
  return takeDownUnused(folders);
}

/** Takes a lab down and deletes all it has on disk. @throws {Error} somebody uses it. */
export async function destroyLab(name = ''): Promise<void> {
  const folders = labFolders(name);
  await using _turn = await lock(folders.id);
  await destroyUnused(folders);
}

/**
 * Brings up the lab that is on disk, where it is not up.
 *
 * @returns `undefined` when there is none to bring up: none at all, one that was never finished, one of another layout,
 * or one whose daemon starts no more.
 */
async function startRecorded(
  folders: LabFolders,
  onProgress: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<LabRecord | undefined> {
  const record = await readRecord(folders);
  if (record?.schema !== labSchema || record.ready !== true) return undefined;
  if ((await isRunning(folders.socket)) && existsSync(`/sys/class/net/${record.bridge}`)) return record;
  onProgress('starting the Incus daemon');
  await takeDown(folders);
  try {
    await startDaemon(folders, signal);
  } catch (error) {
    signal?.throwIfAborted();
    onProgress(`the lab on disk is beyond repair and is made anew: ${String(error)}`);
    return undefined;
  }
  // A daemon whose pool or network is in ruins still starts: it says so by their status.
  await using client = await connectIncus({ socketPath: folders.socket });
  const [network, storage] = await Promise.all([
    client.networks.get(record.bridge),
    client.storagePools.get(pool),
  ]);
  return network.status === 'Created' && storage.status === 'Created' ? record : undefined;
}

async function makeLab(
  folders: LabFolders,
  name: string,
  onProgress: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<LabRecord> {
  onProgress('making the lab');
  await mkdir(folders.root, { recursive: true, mode: 0o711 });
  const record = await reserveSubnet(folders, name);
  await startDaemon(folders, signal);
  await using client = await connectIncus({ socketPath: folders.socket });
  await configure(client, folders, record);
  const ready = { ...record, ready: true };
  await writeRecord(folders, ready);
  return ready;
}

/** Under a lock of all labs, so that two made at once do not choose the same. */
async function reserveSubnet(folders: LabFolders, name: string): Promise<LabRecord> {
  await using _turn = await lock('subnets');
  await using machine = localHost();
  const { stdout } = await machine.run(['ip', '-json', '-4', 'route', 'show', 'table', 'all']);
  const routes = JSON.parse(stdout) as { dst: string }[];
  const others = await Promise.all((await allLabs()).filter(({ id }) => id !== folders.id).map(readRecord));
  const taken = [
    ...routes.map(({ dst }) => dst).filter((dst) => /^\d/.test(dst)),
    ...others.filter((other) => other !== undefined).map(({ subnet }) => `${subnet}.0/24`),
  ];
  const subnet = chooseSubnet(folders.id, taken);
  const record: LabRecord = {
    schema: labSchema,
    checkout: checkout(),
    name,
    subnet,
    bridge: `cl${folders.id}`,
  };
  await writeRecord(folders, record);
  return record;
}

/** Imports the image where its recipe or an overlay has changed since. */
async function refreshImage(
  client: IncusClient,
  folders: LabFolders,
  record: LabRecord,
  onProgress: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<LabRecord> {
  const [base, trees] = await Promise.all([rootFileSystem(signal), overlays()]);
  const image = `${basename(join(base, '..'))}-${await overlayHash(trees)}`;
  if (image === record.image) return record;
  onProgress('importing the image');
  await importImage(client, folders, base, trees);
  const next = { ...record, image };
  await writeRecord(folders, next);
  return next;
}

async function setKept(folders: LabFolders, kept: boolean): Promise<void> {
  const record = await readRecord(folders);
  if (record !== undefined) await writeRecord(folders, { ...record, kept });
}

/** @returns who still uses it. */
async function takeDownUnused(folders: LabFolders): Promise<number[]> {
  const users = await liveLeases(folders.leases);
  if (users.length > 0) return users.map(({ pid }) => pid);
  if ((await readRecord(folders))?.kept !== true) await takeDown(folders);
  return [];
}

async function destroyUnused(folders: LabFolders): Promise<void> {
  const users = await liveLeases(folders.leases);
  if (users.length > 0) {
    throw new Error(
      `the lab in ${folders.root} is in use by process ${users.map(({ pid }) => pid).join(', ')}: end that first`,
    );
  }
  await destroy(folders);
}

/** Takes down what crashed labs left running, and deletes the labs of checkouts that are gone. */
async function sweep(exceptId: string): Promise<void> {
  for (const folders of await allLabs()) {
    if (folders.id === exceptId) continue;
    await using _turn = await lock(folders.id);
    if ((await liveLeases(folders.leases)).length > 0) continue;
    const record = await readRecord(folders);
    if (record === undefined || !existsSync(record.checkout)) await destroy(folders);
    else if (record.kept !== true) await takeDown(folders);
  }
}

async function allLabs(): Promise<LabFolders[]> {
  const names = await readdir(labsFolder()).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => /^lab-[0-9a-f]{8}$/.test(name))
    .map((name) => foldersIn(join(labsFolder(), name), name.slice(4)));
}
