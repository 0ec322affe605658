import type { EditResult } from '../../sops/edit.ts';
import { print } from './options.ts';

/** What a command did to a file. */
export interface FileChange {
  readonly file: string;
  readonly changed: boolean;
}

/** Replaces a file by what an edit made of it, or leaves it alone when nothing changed. */
export async function replaceIfChanged(file: string, { bytes, changed }: EditResult): Promise<FileChange> {
  if (changed) {
    const { replaceFile } = await import('../../files/replace-file.ts');
    await replaceFile(file, bytes);
  }
  return { file, changed };
}

/** Says which files are as they were; with `--json`, one document of what was done. */
export function reportChanges(json: boolean | undefined, files: readonly FileChange[]): void {
  if (json === true) return print(true, { files }, () => []);
  for (const { file, changed } of files) if (!changed) process.stderr.write(`${file} is unchanged\n`);
}
