import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { type ProcessIdentity, identify, isAlive } from './processes.ts';

let counter = 0;

/** Writes down that this process uses the lab; the file's name is the handle to give it back. */
export async function takeLease(folder: string): Promise<string> {
  const self = await identify(process.pid);
  if (self === undefined) throw new Error('/proc does not know this process');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${process.pid}-${counter++}`);
  await writeFile(path, JSON.stringify(self));
  return path;
}

/** The processes that use the lab now. Leases of the dead are removed on the way. */
export async function liveLeases(folder: string): Promise<ProcessIdentity[]> {
  const names = (await unlessAbsent(readdir(folder))) ?? [];
  const holders = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const holder = parse(await readFile(path, 'utf8').catch(() => ''));
      if (holder !== undefined && (await isAlive(holder))) return holder;
      await rm(path, { force: true });
      return undefined;
    }),
  );
  return holders.filter((holder) => holder !== undefined);
}

/** A lease that a crash left half written names no process. */
function parse(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
