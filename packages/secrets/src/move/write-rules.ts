import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { unlessAbsent } from '@cutover/foundation/errno';
import { removeLeftovers } from '@cutover/foundation/durable-file';
import { replaceOrCreateFile } from '../files/replace-file.ts';

/** `.sops.yaml`, so that people and the sops command encrypt new files for the same recipients. */
export async function writeRules(
  repository: string,
  files: readonly string[],
  recipients: readonly string[],
): Promise<'written' | 'unchanged'> {
  const path = join(repository, '.sops.yaml');
  await removeLeftovers(path);
  const directories = [...new Set(files.map((file) => dirname(file)))].sort();
  const rules = directories.map((directory) => ({
    path_regex:
      directory === '.' ? '^[^/]+$' : `(^|/)${directory.replaceAll(/[.+*?^$()[\]{}|\\]/g, '\\$&')}/[^/]+$`,
    age: [...new Set(recipients)].join(','),
  }));
  const text = stringify({ creation_rules: rules }, { lineWidth: 0 });
  const before = await unlessAbsent(readFile(path, 'utf8'));
  if (before === text) return 'unchanged';
  if (before !== undefined && !before.startsWith('creation_rules:')) return 'unchanged';
  await replaceOrCreateFile(path, Buffer.from(text, 'utf8'), { newMode: 0o644 });
  return 'written';
}
