import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';

/** The `.sops.yaml` that is found from a folder upward, as sops finds it. */
export async function findConfig(directory: string): Promise<string | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, '.sops.yaml');
    if ((await unlessAbsent(stat(path))) !== undefined) return path;
    if (dirname(at) === at) return undefined;
  }
}
