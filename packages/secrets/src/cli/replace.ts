import { stat } from 'node:fs/promises';
import type { EditResult } from '../sops/edit.ts';

/** Replaces a file atomically, with the mode it has, or leaves it alone when nothing changed. */
export async function replaceIfChanged(file: string, { bytes, changed }: EditResult): Promise<void> {
  if (!changed) {
    process.stderr.write(`${file} is unchanged\n`);
    return;
  }
  const { writeFileAtomic } = await import('../files/atomic-write.ts');
  await writeFileAtomic(file, bytes, { mode: (await stat(file)).mode & 0o777 });
}
