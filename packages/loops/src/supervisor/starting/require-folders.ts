import { access, constants, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
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

/**
 * Checks that a loop's program is there: of one that cannot be run, tmux shows only an exit code.
 *
 * @param path the PATH that the agent will have.
 * @throws {LoopsError} `PROGRAM_MISSING`.
 */
export async function requireProgram(loop: LoopConfig, program: string, path: string): Promise<void> {
  const folders = program.includes('/') ? [''] : path.split(':');
  const places = folders.map((folder) => resolve(loop.cwd, folder, program));
  for (const place of places) if (await isExecutable(place)) return;
  throw new LoopsError(
    'PROGRAM_MISSING',
    program.includes('/')
      ? `${program}, the program of ${loop.name}, does not exist or cannot be executed`
      : `${program}, the program of ${loop.name}, is not in its PATH (${path}); install it, or set environment.PATH`,
  );
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await unlessAbsent(stat(path)))?.isDirectory() === true;
}
