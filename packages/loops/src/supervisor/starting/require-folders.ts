import { stat } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import { LoopsError } from '../../errors.ts';

/**
 * Checks that a loop's directory and clone are there: tmux would start the agent somewhere else without a word.
 *
 * @throws {LoopsError} `FOLDER_MISSING`, with what to do.
 */
export async function requireFolders(config: RigConfig, loop: LoopConfig): Promise<void> {
  if (loop.clone !== undefined && !(await isFolder(loop.clone))) {
    const remote = config.phases?.repository?.remote;
    const address = remote !== undefined && /[:/]/.test(remote) ? remote : 'REMOTE';
    throw new LoopsError(
      'FOLDER_MISSING',
      `there is no folder ${loop.clone} for the clone of ${loop.name}; make it with: git clone ${address} ${loop.clone}`,
    );
  }
  if (!(await isFolder(loop.cwd))) {
    throw new LoopsError(
      'FOLDER_MISSING',
      `there is no folder ${loop.cwd} for ${loop.name} to run in; make it, or correct cwd in ${config.path}`,
    );
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await unlessAbsent(stat(path)))?.isDirectory() === true;
}
