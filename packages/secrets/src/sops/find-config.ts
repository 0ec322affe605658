import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { FileLayout } from './formats/format.ts';

/** The `.sops.yaml` that is found from a folder upward, as sops finds it. */
export async function findConfig(directory: string): Promise<string | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, '.sops.yaml');
    if ((await unlessAbsent(stat(path))) !== undefined) return path;
    if (dirname(at) === at) return undefined;
  }
}

/**
 * How a file is laid out by `stores` of the `.sops.yaml` that is found upward from it, or of `config`.
 *
 * @throws {ConfigError} `RULE_INVALID`: not a config of sops.
 */
export async function layoutFor(file: string, config?: string): Promise<FileLayout | undefined> {
  const from = config === undefined ? await findConfig(dirname(resolve(file))) : resolve(config);
  const text = from === undefined ? undefined : await unlessAbsent(readFile(from, 'utf8'));
  // Most have none, and to read the others takes longer than to decrypt most files.
  if (from === undefined || text?.includes('stores') !== true) return undefined;
  const { layoutIn } = await import('./creation-rules.ts');
  return layoutIn(text, from);
}
