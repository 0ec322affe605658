import { dirname, resolve } from 'node:path';
import { readFileBounded } from '../files/read-file.ts';
import { findConfig } from './find-config.ts';
import type { FileLayout } from './formats/format.ts';

/**
 * How a file is laid out by `stores` of the `.sops.yaml` that is found upward from it, or of `config`.
 *
 * @throws {ConfigError} `RULE_INVALID`: not a config of sops.
 */
export async function layoutFor(file: string, config?: string): Promise<FileLayout | undefined> {
  const from = config === undefined ? await findConfig(dirname(resolve(file))) : resolve(config);
  const text = from === undefined ? undefined : (await readFileBounded(from)).toString('utf8');
  // Most have none, and to read the others takes longer than to decrypt most files.
  if (from === undefined || text?.includes('stores') !== true) return undefined;
  const { layoutIn } = await import('./creation-rules.ts');
  return layoutIn(text, from);
}
