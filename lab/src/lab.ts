import { rm } from 'node:fs/promises';
import { type IncusClient, connectIncus } from '@cutover/incus-client';
import { makeLab, refreshImage, startRecorded } from './bring-up.ts';
import {
  type LabCertificates,
  certificateFiles,
  ensureListening,
  httpsUrl,
  project,
} from './daemon/settings.ts';
import { type LabFolders, labFolders } from './folders.ts';
import { imageAlias } from './image/import-image.ts';
import { deleteThrowaways, type LabInstance, launch } from './launch.ts';
import { liveLeases, takeLease } from './leases.ts';
import { destroyUnused, setKept, sweep, takeDownUnused } from './leave.ts';
import { lock } from './lock.ts';
import { type OperatorKey, operatorKey } from './operator-key.ts';
import { template } from './template.ts';

export interface OpenLabOptions {
  /** Labs of one checkout with different names have nothing in common. Default: the checkout's one lab. */
  readonly name?: string;
  /** Throw away what is there first. */
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
  /** Called with what is being done, where that takes more than a moment. */
  readonly onProgress?: (text: string) => void;
  /**
   * Called with one line for what could not be cleaned up, of this lab or of those of other checkouts: never a reason to
   * fail. Default: written to standard error.
   */
  readonly onWarning?: (text: string) => void;
}

const warnOnStderr = (text: string) => void process.stderr.write(`lab: ${text}\n`);

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
  /** A throw-away instance like the image, ready for ssh; deleted when it is disposed of. */
  launch(prefix: string): Promise<LabInstance>;
  /** Leave it up when every process has given it back, until {@link closeLab}. */
  keep(): Promise<void>;
}

/** Opens the lab of this checkout: adopts it where it runs, starts it where it does not, makes it where there is none. */
export async function openLab(options: OpenLabOptions = {}): Promise<Lab> {
  const { name = '', fresh = false, signal, onProgress = () => {}, onWarning = warnOnStderr } = options;
  const folders = labFolders(name);
  await sweep(folders.id, onWarning);
  await using _turn = await lock(folders.id, signal);
  if (fresh) await destroyUnused(folders, onWarning);
  const recorded = await startRecorded(folders, { onProgress, onWarning, signal });
  if ('ruined' in recorded) await destroyUnused(folders, onWarning, recorded.ruined);
  let record = 'record' in recorded ? recorded.record : await makeLab(folders, name, onProgress, signal);
  const client = await connectIncus({ socketPath: folders.socket });
  try {
    await ensureListening(client, record);
    if ((await liveLeases(folders.leases)).length === 0)
      await Promise.all([client, client.project(project)].map(deleteThrowaways));
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
      launch: async (prefix) =>
        launch(client, operator, await template(client, folders.id, operator), prefix),
      keep: () => setKept(folders, true),
      async [Symbol.asyncDispose]() {
        await client.close();
        await using _ending = await lock(folders.id);
        await rm(lease, { force: true });
        await takeDownUnused(folders, onWarning);
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
  return takeDownUnused(folders, warnOnStderr);
}

/** Takes a lab down and deletes all it has on disk. @throws {Error} a process uses it. */
export async function destroyLab(name = ''): Promise<void> {
  const folders = labFolders(name);
  await using _turn = await lock(folders.id);
  await destroyUnused(folders, warnOnStderr);
}
