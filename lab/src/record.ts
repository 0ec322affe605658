import { readFile, rename, writeFile } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';
import type { LabFolders } from './folders.ts';
import type { Subnet } from './subnet.ts';

/** What a lab writes down about itself, for the next one who opens it or has to clean up after it. */
export interface LabRecord {
  /** The layout of the lab; another one is thrown away and made again. */
  readonly schema: number;
  readonly checkout: string;
  readonly name: string;
  readonly subnet: Subnet;
  /** The bridge's interface name: at most 15 characters, so it bears the id and not the name. */
  readonly bridge: string;
  /** Set once the daemon has its settings; what a crash left before that is made again. */
  readonly ready?: boolean;
  /** The image that the alias names: its recipe and overlay. */
  readonly image?: string;
  /** Set while the lab is to stay up while no process uses it. */
  readonly kept?: boolean;
}

/** Raised when what is in a lab's folder changes so that it cannot be adopted. */
export const labSchema = 3;

/** The record of a lab; `undefined` when there is none, or one of another schema or half written. */
export async function readRecord(folders: LabFolders): Promise<LabRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(folders.record, 'utf8')) as LabRecord;
    return typeof record.bridge === 'string' ? record : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

export async function writeRecord(folders: LabFolders, record: LabRecord): Promise<void> {
  await writeFile(`${folders.record}.new`, `${JSON.stringify(record, undefined, 2)}\n`);
  await rename(`${folders.record}.new`, folders.record);
}
