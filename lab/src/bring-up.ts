import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { localHost } from '@cutover/host';
import { type IncusClient, connectIncus } from '@cutover/incus-client';
import { takeDown, type Warn } from './daemon/clean-up.ts';
import { configure, pools } from './daemon/settings.ts';
import { isRunning, startDaemon } from './daemon/start.ts';
import { allLabs, checkout, type LabFolders } from './folders.ts';
import { importImage, rootFileSystem } from './image/import-image.ts';
import { overlayHash, overlays } from './image/overlay.ts';
import { lock } from './lock.ts';
import { type LabRecord, labSchema, readRecord, writeRecord } from './record.ts';
import { chooseSubnet } from './subnet.ts';

/** How often a lab on disk is started before it counts as ruined: on a busy machine a start can fail by chance. */
const attempts = 2;

/** The lab on disk is up; or why there is none to bring up. */
type Recorded = { readonly record: LabRecord } | { readonly ruined: string };

interface BringUpOptions {
  readonly onProgress: (text: string) => void;
  readonly onWarning: Warn;
  readonly signal: AbortSignal | undefined;
}

/** Brings up the lab that is on disk, where it is not up. */
export async function startRecorded(
  folders: LabFolders,
  { onProgress, onWarning, signal }: BringUpOptions,
): Promise<Recorded> {
  const record = await readRecord(folders);
  if (record?.schema !== labSchema || record.ready !== true)
    return { ruined: 'it was never finished, or is of another layout' };
  if ((await isRunning(folders.socket)) && existsSync(`/sys/class/net/${record.bridge}`)) return { record };
  let ruined = '';
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    onProgress('starting the Incus daemon');
    await takeDown(folders, onWarning);
    try {
      await startDaemon(folders, signal);
      await checkRuins(folders, record);
      return { record };
    } catch (error) {
      signal?.throwIfAborted();
      ruined = String(error);
    }
  }
  onProgress(`the lab on disk is beyond repair and is made again: ${ruined}`);
  return { ruined };
}

/** A daemon whose pools or network are in ruins still starts: it says so by their status. */
async function checkRuins({ socket }: LabFolders, { bridge }: LabRecord): Promise<void> {
  await using client = await connectIncus({ socketPath: socket });
  const parts = [client.networks.get(bridge), ...pools.map((name) => client.storagePools.get(name))];
  for (const { name, status } of await Promise.all(parts))
    if (status !== 'Created') throw new Error(`the daemon says of ${name}: ${status ?? 'no status'}`);
}

/** Makes a lab where there is none: its daemon with all settings, and no image yet. */
export async function makeLab(
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
export async function refreshImage(
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
