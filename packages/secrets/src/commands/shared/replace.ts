import type { FolderLock } from '../../files/lock-file.ts';
import { visible } from '../../visible.ts';
import type { EditResult } from '../../sops/edit.ts';
import { print } from './options.ts';

/** What a command did to a file. */
export interface FileChange {
  readonly file: string;
  readonly changed: boolean;
  /** Why it was left as it was. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** Reads a file, edits it and replaces it when something changed, while no other command changes it. */
export async function changeFile(
  file: string,
  edit: (before: Buffer) => Promise<EditResult>,
): Promise<FileChange> {
  const { FolderLock } = await import('../../files/lock-file.ts');
  await using lock = new FolderLock();
  return await changeLocked(file, edit, lock);
}

async function changeLocked(
  file: string,
  edit: (before: Buffer) => Promise<EditResult>,
  lock: FolderLock,
): Promise<FileChange> {
  const { readFileBounded } = await import('../../files/read-file.ts');
  // Before the lock, for a clear message about what cannot be read.
  await readFileBounded(file);
  await lock.take(file);
  const { bytes, changed } = await edit(await readFileBounded(file));
  if (changed) {
    const { replaceFile } = await import('../../files/replace-file.ts');
    await replaceFile(file, bytes);
  }
  return { file, changed };
}

/**
 * Changes several files, each whether or not the ones before it could be changed; the exit code is that of the first error.
 */
export async function changeFiles(
  files: readonly string[],
  edit: (before: Buffer, file: string) => Promise<EditResult>,
): Promise<FileChange[]> {
  const { SecretsError } = await import('../../errors.ts');
  const { exitCodes, secretsExitCode } = await import('../exit-codes.ts');
  const { FolderLock } = await import('../../files/lock-file.ts');
  const done: FileChange[] = [];
  // To lock each of them takes longer than to change it.
  await using lock = new FolderLock();
  for (const file of files) {
    try {
      done.push(await changeLocked(file, (before) => edit(before, file), lock));
    } catch (error) {
      if (!(error instanceof SecretsError) || files.length === 1) throw error;
      process.exitCode ??= secretsExitCode(error) ?? exitCodes.failed.code;
      done.push({ file, changed: false, error: { code: error.code, message: error.message } });
    }
  }
  return done;
}

/** Says which files are as they were, and why; with `--json`, one document of what was done. */
export function reportChanges(json: boolean | undefined, files: readonly FileChange[]): void {
  for (const { file, changed, error } of files) {
    if (error !== undefined) process.stderr.write(`secrets: ${error.message}\n`);
    else if (!changed && json !== true) process.stderr.write(`${visible(file)} is unchanged\n`);
  }
  if (json === true) print(true, { files }, () => []);
}
