import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import type { LabFolders } from './folders.ts';

/** The operator's ssh key, which every host of the lab accepts. */
export interface OperatorKey {
  /** The private key's file; the public one is beside it with `.pub`. */
  readonly file: string;
  readonly publicKey: string;
}

/** The lab's operator key, made the first time it is asked for. */
export async function operatorKey(folders: LabFolders): Promise<OperatorKey> {
  const file = join(folders.ssh, 'operator');
  if (!existsSync(`${file}.pub`)) {
    await using machine = localHost();
    await mkdir(folders.ssh, { recursive: true, mode: 0o700 });
    await rm(`${file}.new`, { force: true });
    await machine.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'operator', '-f', `${file}.new`]);
    await rename(`${file}.new`, file);
    await rename(`${file}.new.pub`, `${file}.pub`);
  }
  return { file, publicKey: (await readFile(`${file}.pub`, 'utf8')).trim() };
}
