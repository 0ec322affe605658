import { isErrno } from '@cutover/foundation/errno';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GenerationFile } from './generation.ts';
import { missing } from './links.ts';

/** What a new generation changes; the names of secrets, and of templates below `rendered/`. */
export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** Compares the files of a new generation with what is at the symlink now, whatever that names. */
export async function compare(symlinkPath: string, files: readonly GenerationFile[]): Promise<Changes> {
  const added: string[] = [];
  const changed: string[] = [];
  for (const { name, content } of files) {
    const old = await readFile(join(symlinkPath, name)).catch(noFile);
    if (old === undefined) added.push(name);
    else if (!old.equals(content)) changed.push(name);
  }
  const names = new Set(files.map(({ name }) => name));
  return { added, changed, removed: (await filesBelow(symlinkPath)).filter((name) => !names.has(name)) };
}

/** Also where a secret's name was a directory of secrets before. */
function noFile(error: unknown): undefined {
  if (isErrno(error, 'EISDIR')) return undefined;
  return missing(error);
}

/** Whether there were secrets before: at the first activation of a boot there are none, and nothing that uses them. */
export async function hasSecrets(symlinkPath: string): Promise<boolean> {
  return (await stat(symlinkPath).catch(missing)) !== undefined;
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(missing);
  return (entries ?? [])
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(directory.length + 1));
}
